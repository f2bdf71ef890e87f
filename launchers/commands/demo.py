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
    from pvvae.box import Box

MORE = "runs/index.html"
"""Where `pvvae report --out FOLDER/runs` writes; linked if it is there."""

EXAMPLE = """\
examples:
  pvvae demo
  pvvae demo --box my/box --out my/demo
  pvvae demo --after runs/quickstart --out report    what training on from the box changed
  pvvae demo --pictures pictures                     animated pictures in place of the page

Reconstructs, predicts, generates and looks into latents, of scenes and of real clips that the
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
        "--after",
        type=Path,
        metavar="RUNS",
        help="beside each network what it became in RUNS/NAME/predictive, decoder_finetune, latte",
    )
    demo.add_argument(
        "--out", type=Path, default=Path("demo"), metavar="FOLDER", help="default: demo"
    )
    demo.add_argument(
        "--pictures", type=Path, metavar="FOLDER", help="animated WebP pictures in place of a page"
    )
    add_overwrite(demo)
    demo.add_argument("--no-open", action="store_true", help="leave the browser alone")


def _demo(arguments: argparse.Namespace) -> int:
    for name in ("out", "pictures"):
        folder = vars(arguments)[name]
        if folder is not None and folder.is_file():
            raise ConfigError(f"--{name}: {folder} is a file; name a folder")

    from pvvae.box import open_box

    box = open_box(arguments.box)
    return (_page if arguments.pictures is None else _pictures)(box, arguments)


def _page(box: "Box", arguments: argparse.Namespace) -> int:
    from pvvae.report.demo.cast import cast_after, cast_of
    from pvvae.report.demo.page import demonstrate

    began, out, after = time.monotonic(), arguments.out, arguments.after
    path = out / "index.html"
    about = box.folder.resolve() if after is None else after.resolve()
    made_by = f"pvvae demo of {about}"
    claim_folder(out, made_by, names=["index.html"], overwrite=arguments.overwrite)
    cast = cast_of(box) if after is None else cast_after(box, after)
    more = MORE if (out / MORE).is_file() else None
    for head in demonstrate(cast, path, more=more):
        print(f"[{time.monotonic() - began:.0f} s] {head}", flush=True)
    print(path)
    if not arguments.no_open and _has_screen():
        import webbrowser

        webbrowser.open(path.resolve().as_uri())
    return 0


def _pictures(box: "Box", arguments: argparse.Namespace) -> int:
    from pvvae.report.demo.cast import cast_of
    from pvvae.report.demo.pictures import NAMES, write_pictures

    folder = arguments.pictures
    made_by = f"pvvae demo --pictures of {box.folder.resolve()}"
    claim_folder(folder, made_by, names=NAMES, overwrite=arguments.overwrite)
    for path in write_pictures(cast_of(box), folder):
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB", flush=True)
    return 0


def _has_screen() -> bool:
    """Whether a browser would have somewhere to open a window."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
