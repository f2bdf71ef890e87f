"""Animated pictures for a README: what goes in, what is rebuilt, foretold and made up."""

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pvvae.autoencoder.long_video import through
from pvvae.data.video.video import Frames
from pvvae.errors import ConfigError
from pvvae.evaluation.futures import predicted
from pvvae.files import write_bytes
from pvvae.report.demo.cast import Cast, Sampler
from pvvae.report.demo.clips import OBSERVED, held_out_scenes, real_clip
from pvvae.report.demo.page import SHOWN, latents_of, stride_of
from pvvae.report.demo.samples import generated
from pvvae.report.demo.sections import painted
from pvvae.report.runs import film

NAMES = ("clips.webp", "latents.webp", "samples.webp")
MOST_BYTES = 500_000
"""Ours: a README is read over telephones."""
SIZES = ((2, 90), (2, 75), (2, 60), (2, 45), (1, 75), (1, 50), (1, 25))
"""Pixels of the picture for one of a clip, and WebP's quality: tried until it is small enough."""
HEAD, EDGE = 22, 8
"""Ours: height of the line of words, white around."""
DRAWS = 2
"""Ours: samples of a class that each Latte shows."""
PAUSE = 4
"""Frames that the last one is held for before the picture begins again."""


def write_pictures(cast: Cast, folder: Path) -> Iterator[Path]:
    """``clips.webp``, ``latents.webp`` and ``samples.webp``; yields each path once it is written.

    Args:
        cast: of a box; its first actors are shown.
        folder: where they are written.

    Raises:
        ConfigError: if a picture would be too large, or a package that it needs is missing.
    """
    clips = [*held_out_scenes(SHOWN - 1), real_clip()]
    label, actor = next(iter(next(iter(cast.groups.values())).items()))
    frames = [clip.frames for clip in clips]
    rebuilt = [through(actor.rebuilds, each) for each in frames]
    future = [predicted(actor.predicts, each, observed=OBSERVED) for each in frames]
    columns = {"clip": frames, "rebuilt from latents": rebuilt, "future foretold": future}
    yield _write(folder / NAMES[0], columns, predicted="future foretold")
    latents = {"clip": frames} | {
        name: painted(
            [latents_of(one.predicts, each) for each in frames], stride=stride_of(one.predicts)
        )
        for name, one in {label: actor, **cast.twins}.items()
    }
    yield _write(folder / NAMES[1], latents, predicted=None)
    if cast.samplers:
        yield _write(folder / NAMES[2], _samples(cast.samplers), predicted=None)


def _samples(samplers: Sequence[Sampler]) -> dict[str, list[Frames]]:
    """A column a class, five at most, and a row a sampler and draw; one column without classes."""
    made: dict[str, list[Frames]] = {}
    for sampler in samplers:
        drawn: dict[str, list[Frames]] = {}
        for name, clip in generated(sampler):
            drawn.setdefault(name or "samples", []).append(clip)
        for name, clips in drawn.items():
            made.setdefault(name, []).extend(clips[:DRAWS])
    rows = max(map(len, made.values()))
    return dict([pair for pair in made.items() if len(pair[1]) == rows][:5])


def _sheet(
    columns: Mapping[str, Sequence[Frames]], *, predicted: str | None, scale: int
) -> list[Image.Image]:
    """Columns of clips below their words; where frames are predicted a bar above them is amber."""
    rows = [
        film.beside([_with_bar(clip, name == predicted, scale) for name, clip in row])
        for row in (
            list(zip(columns, clips, strict=True)) for clips in zip(*columns.values(), strict=True)
        )
    ]
    body = np.concatenate(rows, axis=1)
    frames, height, width, _ = body.shape
    sheet = np.full((frames, height + HEAD + EDGE, width + 2 * EDGE, 3), 255, np.uint8)
    sheet[:, HEAD : HEAD + height, EDGE:-EDGE] = body
    step = (width + film.GAP) // len(columns)
    font = ImageFont.load_default(size=12)
    pictures = []
    for frame in sheet:
        picture = Image.fromarray(frame)
        draw = ImageDraw.Draw(picture)
        for number, name in enumerate(columns):
            draw.text((EDGE + number * step, 3), name, fill=film.OBSERVED, font=font)
        pictures.append(picture)
    return [*pictures, *[pictures[-1]] * PAUSE]


def _with_bar(clip: Frames, is_predicted: bool, scale: int) -> Frames:
    large = clip.repeat(scale, axis=1).repeat(scale, axis=2)
    return film.with_bar(large, observed=OBSERVED if is_predicted else len(clip))


def _write(path: Path, columns: Mapping[str, Sequence[Frames]], *, predicted: str | None) -> Path:
    for scale, quality in SIZES:
        first, *rest = _sheet(columns, predicted=predicted, scale=scale)
        file = io.BytesIO()
        first.save(
            file,
            "WEBP",
            save_all=True,
            append_images=rest,
            duration=1000 // film.FPS,
            loop=0,
            quality=quality,
            method=4,
        )
        if file.tell() <= MOST_BYTES:
            write_bytes(path, file.getvalue())
            return path
    raise ConfigError(
        f"{path}: {file.tell():,} bytes at its smallest, and it may have {MOST_BYTES:,}"
    )
