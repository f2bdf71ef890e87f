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
"""Ours: height of a line of words, white around."""
COLUMNS = 5
"""Ours: samples of a row."""
FORETOLD = "future foretold where the bar is amber"
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
    rows = {"clip": frames, "rebuilt from latents": rebuilt, FORETOLD: future}
    yield _write(folder / NAMES[0], rows)
    latents = {"clip": frames} | {
        f"latents, {name}": painted(
            [latents_of(one.predicts, each) for each in frames], stride=stride_of(one.predicts)
        )
        for name, one in {label: actor, **cast.twins}.items()
    }
    yield _write(folder / NAMES[1], latents)
    if cast.samplers:
        yield _write(folder / NAMES[2], _samples(cast.samplers))


def _samples(samplers: Sequence[Sampler]) -> dict[str, list[Frames]]:
    """A row a sampler: a sample of each class, or several where there are none, five at most."""
    rows = {}
    for sampler in samplers:
        drawn: dict[str, list[Frames]] = {}
        for name, clip in generated(sampler):
            drawn.setdefault(name or "", []).append(clip)
        classes = [clips[0] for clips in drawn.values()]
        rows[f"sampled, {sampler.label}"] = (
            classes[:COLUMNS] if len(drawn) > 1 else next(iter(drawn.values()))[:COLUMNS]
        )
    return rows


def _sheet(rows: Mapping[str, Sequence[Frames]], *, scale: int) -> list[Image.Image]:
    """Rows of clips, each below its word; where frames are predicted a bar above them is amber."""
    bodies = [
        film.beside([_with_bar(clip, name == FORETOLD, scale) for clip in clips])
        for name, clips in rows.items()
    ]
    frames, height, _, _ = bodies[0].shape
    width = max(body.shape[2] for body in bodies)
    tall = len(bodies) * (HEAD + height) + EDGE
    sheet = np.full((frames, tall, width + 2 * EDGE, 3), 255, np.uint8)
    tops = [number * (HEAD + height) for number in range(len(bodies))]
    for top, body in zip(tops, bodies, strict=True):
        sheet[:, top + HEAD : top + HEAD + height, EDGE : EDGE + body.shape[2]] = body
    font = ImageFont.load_default(size=12)
    pictures = []
    for frame in sheet:
        picture = Image.fromarray(frame)
        draw = ImageDraw.Draw(picture)
        for top, name in zip(tops, rows, strict=True):
            draw.text((EDGE, top + 3), name, fill=film.OBSERVED, font=font)
        pictures.append(picture)
    return [*pictures, *[pictures[-1]] * PAUSE]


def _with_bar(clip: Frames, is_predicted: bool, scale: int) -> Frames:
    large = clip.repeat(scale, axis=1).repeat(scale, axis=2)
    return film.with_bar(large, observed=OBSERVED if is_predicted else len(clip))


def _write(path: Path, rows: Mapping[str, Sequence[Frames]]) -> Path:
    for scale, quality in SIZES:
        first, *rest = _sheet(rows, scale=scale)
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
