"""``pvvae demo``: a page about what small trained networks do, in seconds."""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from launchers.arguments import add_command
from launchers.outputs import add_overwrite, claim_folder
from pvvae.errors import ConfigError

if TYPE_CHECKING:
    from launchers.arguments import Commands

EXAMPLE = """\
examples:
  pvvae demo
  pvvae demo --box my/box --out my/demo

Reconstructs, predicts, generates and looks into latents, of scenes and of a real clip that the
networks have not seen, and writes one page, which grows part by part. Nothing is trained.
A box is made of runs of yours by `python -m tools.make_box`.
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    demo = add_command(
        commands, "demo", help="show what the networks of a box do", more=EXAMPLE, run=_demo
    )
    demo.add_argument(
        "--box", type=Path, metavar="BOX", help="folder of a box; default: the project's own"
    )
    demo.add_argument(
        "--out", type=Path, default=Path("demo"), metavar="FOLDER", help="default: demo"
    )
    add_overwrite(demo)
    demo.add_argument("--no-open", action="store_true", help="leave the browser alone")


def _demo(arguments: argparse.Namespace) -> int:
    began = time.monotonic()
    if arguments.out.is_file():
        raise ConfigError(f"--out: {arguments.out} is a file; name a folder")

    from pvvae.box import SHIPPED, open_box
    from pvvae.report.demo.page import demonstrate

    box, path = open_box(arguments.box or SHIPPED), arguments.out / "index.html"
    made_by = f"pvvae demo of {box.folder.resolve()}"
    claim_folder(arguments.out, made_by, names=["index.html"], overwrite=arguments.overwrite)
    for head in demonstrate(box, path):
        print(f"[{time.monotonic() - began:.0f} s] {head}", flush=True)
    print(path)
    if not arguments.no_open and _has_screen():
        import webbrowser

        webbrowser.open(path.resolve().as_uri())
    return 0


def _has_screen() -> bool:
    """Whether a browser would have somewhere to open a window."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
