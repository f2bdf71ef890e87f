"""``pvvae data``: making and looking at shards."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from arch.ranges import Count, Length, Number, Pixels, Share
from launchers.arguments import GOES_ON, add_command, number
from launchers.commands import data_join, data_scenes, data_subset
from launchers.outputs import check_data_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from tqdm import tqdm

    from launchers.arguments import Commands, Parser
    from pvvae.data.packing.pack import PackReport
    from pvvae.data.shards.index import ShardIndex

PACK = """\
examples:
  pvvae data pack videos data/mine --held-out-fraction 0.05
  pvvae data pack UCF-101 data/ucf101 --frames 17 --short-side 256
  pvvae data pack photos data/images --short-side 512

A folder's name is the class of the files in it. Without held-out videos the shards are in
OUT, otherwise in OUT/train and OUT/held_out; files of the same content are always on one side.
After a kill, run the same command to continue. Shards that are there are never replaced: an OUT
that holds another pack is refused until you delete it.
"""
SAMPLES = """\
example:
  pvvae data sample-videos data/quickstart

The videos are those that installed packages ship: nothing is downloaded.
"""
LIST = """\
example:
  pvvae data list data/quickstart/train

Shards of other programs (video2dataset, img2dataset) can be listed, and trained on, as they are.
"""


def add(commands: "Commands") -> None:
    """Declare the command and its own."""
    data = add_command(commands, "data", help="make and look at shards", run=lambda _: 0)
    inner = data.add_subparsers(required=True, metavar="COMMAND", parser_class=type(data))
    _add_pack(inner)
    samples = add_command(
        inner,
        "sample-videos",
        help="pack the quickstart's videos",
        more=SAMPLES,
        run=_samples,
        interrupted=GOES_ON,
    )
    samples.add_argument("out", type=Path, metavar="OUT")
    samples.add_argument("--short-side", type=number(Pixels), default=96, metavar="PIXELS")
    samples.add_argument("--shards", type=number(Count), default=4, metavar="N")
    samples.add_argument(
        "--together", action="store_true", help="one set in OUT, without a held-out part"
    )
    data_scenes.add(inner)
    data_subset.add(inner)
    data_join.add(inner)
    listing = add_command(inner, "list", help="tell what shards hold", more=LIST, run=_list)
    listing.add_argument("folder", type=Path, metavar="FOLDER")


def _add_pack(commands: "Commands") -> None:
    pack = add_command(
        commands,
        "pack",
        help="pack a folder of videos or images",
        more=PACK,
        run=_pack,
        interrupted=GOES_ON,
    )
    pack.add_argument("source", type=Path, metavar="VIDEOS_OR_IMAGES")
    pack.add_argument("out", type=Path, metavar="OUT")
    _add_clip_words(pack)
    pack.add_argument(
        "--shards", type=number(Count), default=16, metavar="N", help="at least; default: 16"
    )
    pack.add_argument(
        "--clips-per-shard", type=number(Count), default=256, metavar="N", help="at most"
    )
    pack.add_argument(
        "--store",
        choices=("frames", "file"),
        default="frames",
        help="arrays, or the original files",
    )
    pack.add_argument(
        "--held-out",
        nargs="+",
        default=[],
        metavar="NAME",
        help="videos (or patterns) not trained on",
    )
    pack.add_argument("--held-out-fraction", type=number(Share), default=0.0, metavar="PART")
    pack.add_argument(
        "--frame-folders", action="store_true", help="every folder of images is one video"
    )
    pack.add_argument(
        "--only", choices=("videos", "images"), help="where a folder has both; default: both"
    )


def _add_clip_words(pack: "Parser") -> None:
    pack.add_argument(
        "--frames", type=number(Length), default=17, metavar="N", help="of a clip; default: 17"
    )
    pack.add_argument(
        "--stride", type=number(Count), default=1, metavar="N", help="keep every Nth frame"
    )
    pack.add_argument(
        "--short-side", type=number(Pixels), default=256, metavar="PIXELS", help="default: 256"
    )
    pack.add_argument(
        "--min-side",
        type=number(Number),
        metavar="PIXELS",
        help="refuse smaller; default: half of --short-side",
    )
    pack.add_argument("--max-clips-per-video", type=number(Count), metavar="N")
    pack.add_argument("--drop-cuts", action="store_true", help="no clip across a hard cut")


def _pack(arguments: argparse.Namespace) -> int:
    check_data_folder(arguments.out, sources=[arguments.source])

    from pvvae.data.packing.pack import pack

    return _shown(
        lambda on_progress: pack(
            arguments.source,
            arguments.out,
            frames=arguments.frames,
            stride=arguments.stride,
            short_side=arguments.short_side,
            min_side=arguments.min_side,
            max_clips_per_video=arguments.max_clips_per_video,
            shards=arguments.shards,
            clips_per_shard=arguments.clips_per_shard,
            store=arguments.store,
            drop_cuts=arguments.drop_cuts,
            held_out=arguments.held_out,
            held_out_fraction=arguments.held_out_fraction,
            frame_folders=arguments.frame_folders,
            only=arguments.only,
            on_progress=on_progress,
        )
    )


def _samples(arguments: argparse.Namespace) -> int:
    check_data_folder(arguments.out)
    from pvvae.data.packing.sample_videos import pack_sample_videos

    return _shown(
        lambda on_progress: pack_sample_videos(
            arguments.out,
            short_side=arguments.short_side,
            shards=arguments.shards,
            together=arguments.together,
            on_progress=on_progress,
        )
    )


def _shown(work: "Callable[[Callable[[int, int], None]], PackReport]") -> int:
    """Pack with a progress bar, and print what was packed and what was not."""
    from contextlib import ExitStack

    from pvvae.run.progress_bar import progress

    bars: list[tqdm[None]] = []
    with ExitStack() as stack:

        def on_progress(done: int, total: int) -> None:
            if not bars:
                bars.append(stack.enter_context(progress("packing", total)))
            bars[0].update(done - bars[0].n)

        report = work(on_progress)
    print(report)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from pvvae.data.shards.index import ShardIndex

    print("\n".join(_contents(ShardIndex.open(arguments.folder))))
    return 0


def _contents(index: "ShardIndex") -> list[str]:
    """What there is, class by class."""
    import numpy as np

    size = sum(shard.size for shard in index.shards)
    sizes = {
        f"{frames}x{height}x{width}"
        for frames, height, width in zip(
            *(index.column(name).tolist() for name in ("frames", "height", "width")), strict=True
        )
    }
    lines = [
        f"{index.folder}: {len(index)} clips of {len(np.unique(index.column('source')))} videos "
        f"and images in {index.num_shards} shards, {size / 1e6:.1f} MB",
        f"  frames x height x width: {', '.join(sorted(sizes))}",
    ]
    for label, name in enumerate(index.classes):
        lines.append(f"  class {name}: {int((index.column('label') == label).sum())} clips")
    return lines + [f"  rejected {reject.source}: {reject.reason}" for reject in index.rejects]
