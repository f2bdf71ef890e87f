"""``pvvae export``: a trained network as one safetensors file."""

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from launchers.words import add_command
from pvvae.errors import ConfigError

if TYPE_CHECKING:
    from launchers.words import Commands

EXAMPLE = """\
examples:
  pvvae export runs/cnn/predictive vae.safetensors
  pvvae export runs/cnn/predictive vae.safetensors --step 40000
  pvvae export runs/cnn/predictive d.safetensors --network discriminator

Whole fp32 weights under the names of the network's state_dict; averaged ones where the run keeps
an average. The checkpoint is verified first. Needs no GPU and no memory to speak of.
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    export = add_command(
        commands,
        "export",
        help="write a trained network as one safetensors file",
        more=EXAMPLE,
        run=_export,
    )
    export.add_argument("run", type=Path, metavar="RUN", help="folder of a trained stage")
    export.add_argument("out", type=Path, metavar="OUT.safetensors")
    export.add_argument("--step", type=int, metavar="N", help="default: the newest checkpoint")
    export.add_argument(
        "--network", metavar="NAME", help="vae, discriminator or denoiser; default: what it trained"
    )


def _export(arguments: argparse.Namespace) -> int:
    from pvvae import checkpoints
    from pvvae.files import write_atomic
    from pvvae.pretrained import checkpoint_of

    run, out = arguments.run, arguments.out
    if arguments.step is None:
        found = checkpoint_of(run)
    else:
        found = checkpoints.at_step(run / "checkpoints", arguments.step)
    names = sorted(path.stem for path in found.folder.glob("*.safetensors"))
    name = arguments.network or next((n for n in ("vae", "denoiser") if n in names), None)
    if name not in names:
        raise ConfigError(f"{found.folder}: holds no {name}; it has {', '.join(names)}")
    if out.is_dir():
        raise ConfigError(f"{out}: is a folder; name a file, like {out / name}.safetensors")
    source = found.folder / f"{name}.safetensors"

    def copy(partial: Path) -> None:
        shutil.copyfile(source, partial)

    write_atomic(out, copy)
    print(f"{out}: {name} of {run} after {found.step} steps")
    return 0
