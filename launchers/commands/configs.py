"""``pvvae configs``: what can be run."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from launchers.arguments import add_command
from launchers.machines.shipped_configs import ROOT, as_typed
from pvvae.errors import ConfigError

if TYPE_CHECKING:
    from launchers.arguments import Commands

EXAMPLE = """\
examples:
  pvvae configs              all of them
  pvvae configs tiny/vit     those with this in their path or description
"""

RUNNABLE = re.compile(r"^(run|commands|subjects|factors):", re.MULTILINE)
"""A stage's config has a run folder, a pipeline commands, a table subjects, a study factors; a
fragment none."""

STAGES = (
    "image_pretrain",
    "predictive",
    "decoder_finetune",
    "extract_latents",
    "latte",
    "generate",
)
"""Files are named by their stage; this is the order in which one needs them."""


def add(commands: "Commands") -> None:
    """Declare the command."""
    configs = add_command(
        commands, "configs", help="list the shipped configs", more=EXAMPLE, run=_configs
    )
    configs.add_argument("word", nargs="?", default="", metavar="WORD")


def runnable_configs() -> list[Path]:
    """Shipped YAML files that a command can run: folder by folder, in the order of the method."""
    files = (path for path in ROOT.rglob("*.yaml") if RUNNABLE.search(path.read_text()))
    return sorted(files, key=lambda path: (path.parent, _place(path.stem), path.name))


def _place(stage: str) -> int:
    return STAGES.index(stage) if stage in STAGES else len(STAGES)


def _configs(arguments: argparse.Namespace) -> int:
    rows = [(path, _title(path)) for path in runnable_configs()]
    found = [(p, title) for p, title in rows if arguments.word in f"{p.relative_to(ROOT)} {title}"]
    if not found:
        groups = dict.fromkeys(str(p.relative_to(ROOT).parent) for p, _ in rows if p.parent != ROOT)
        raise ConfigError(
            f"configs: none has {arguments.word!r} in it; there are {', '.join(groups)}"
        )
    group = None
    for path, title in found:
        if path.parent != group:
            print("" if group is None else "\n", end="")
            group = path.parent
        print(f"{as_typed(path):<48} {title}")
    return 0


def _title(path: Path) -> str:
    """The first line of a config, which says what it reproduces."""
    first = path.read_text().partition("\n")[0]
    return first.removeprefix("#").strip() if first.startswith("#") else ""
