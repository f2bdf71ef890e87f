"""``pvvae data scenes``: videos made on the spot, of which everything is known."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from arch.ranges import Count, Extra, Length, Range, Seed, Share
from launchers.arguments import GOES_ON, add_command, number, rows_and_columns
from launchers.outputs import check_data_folder

if TYPE_CHECKING:
    from launchers.arguments import Commands

MORE = """\
examples:
  pvvae data scenes --out data/scenes/train --clips 4096 --seed 0
  pvvae data scenes --out data/scenes/held_out --clips 256 --seed 1
  pvvae data scenes --out data/flow --clips 64 --size 256x448 --frames 17 --truth

Cut-outs of photographs slide, accelerate or turn over a photograph, or the camera pans or zooms: a
scene's class. A scene is a function of seed and number: a larger set begins with the smaller one,
and other seeds are other scenes of the same photographs. With --truth each clip has a KEY.truth.npz
beside it: flow, occluded, owner, tracks, visible. After a kill, run the same command to continue.
Shards that are there are never replaced: a folder with other scenes is refused until you delete it.
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    scenes = add_command(
        commands,
        "scenes",
        help="make videos of known motion",
        more=MORE,
        run=_run,
        interrupted=GOES_ON,
    )
    scenes.add_argument("--out", type=Path, required=True, metavar="DIR")
    scenes.add_argument("--clips", type=number(Count), required=True, metavar="N")
    scenes.add_argument("--seed", type=number(Seed), default=0, metavar="N", help="default: 0")
    scenes.add_argument("--size", default="64x64", metavar="HxW", help="default: 64x64")
    scenes.add_argument(
        "--frames", type=number(Length), default=33, metavar="N", help="of a clip; default: 33"
    )
    scenes.add_argument(
        "--speed",
        type=number(Annotated[float, Range(0.0, 1_000.0)]),
        default=1.0,
        metavar="X",
        help="factor on all motion; default: 1",
    )
    scenes.add_argument(
        "--predictability",
        type=number(Share),
        default=1.0,
        metavar="P",
        help="how likely a thing keeps its course over the next 4 frames; default: 1",
    )
    scenes.add_argument("--sprites", type=number(Extra), default=3, metavar="N", help="default: 3")
    scenes.add_argument(
        "--texel",
        type=number(Annotated[float, Range(1.0, 10_000.0)]),
        default=1.5,
        metavar="PIXELS",
        help="width of a spot of one colour: 8 makes plain pictures; default: 1.5",
    )
    scenes.add_argument(
        "--kinds",
        nargs="+",
        metavar="KIND",
        help="of slide accelerate rotate pan zoom, scene by scene in turn; default: all",
    )
    scenes.add_argument(
        "--pictures", type=Path, metavar="DIR", help="your images; default: those of packages"
    )
    scenes.add_argument("--truth", action="store_true", help="write flow, occlusion and tracks too")
    scenes.add_argument(
        "--shards", type=number(Count), default=16, metavar="N", help="at least; default: 16"
    )


def _run(arguments: argparse.Namespace) -> int:
    check_data_folder(arguments.out)
    from pvvae.data.scenes.pictures import packaged_pictures, pictures_in
    from pvvae.data.scenes.settings import KINDS, SceneSettings
    from pvvae.data.scenes.shards import SceneSet, write_scenes
    from pvvae.run.progress_bar import progress

    a = arguments
    height, width = rows_and_columns("--size", a.size)
    settings = SceneSettings(
        height=height,
        width=width,
        frames=a.frames,
        speed=a.speed,
        predictability=a.predictability,
        sprites=a.sprites,
        texel=a.texel,
        kinds=KINDS if a.kinds is None else tuple(a.kinds),
    )
    scenes = SceneSet(settings=settings, clips=a.clips, seed=a.seed, truth=a.truth, shards=a.shards)
    pictures = packaged_pictures() if a.pictures is None else pictures_in(a.pictures)
    with progress("scenes", a.clips) as bar:
        size = write_scenes(
            a.out, scenes, pictures=pictures, on_progress=lambda done: bar.update(done - bar.n)
        )
    print(
        f"{a.out}: {a.clips} scenes of {a.frames}x{height}x{width}, seed {a.seed}, in "
        f"{len(scenes.parts())} shards, {size / 1e6:.1f} MB, {len(settings.kinds)} classes"
    )
    return 0
