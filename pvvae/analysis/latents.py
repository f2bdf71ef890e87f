"""Latents of any number of VAEs, analysed side by side; cut anywhere, it goes on."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arch.interface import PeerConfig
from pvvae import distributed, seeding
from pvvae.analysis.clips import AnalysedClips
from pvvae.analysis.measure import KeptLatents, encoded
from pvvae.analysis.numbers import latent_numbers
from pvvae.data.latent_scale import encoder_digest
from pvvae.errors import ConfigError
from pvvae.files import write_json
from pvvae.metrics.results import Results
from pvvae.model import PredictiveVAE
from pvvae.pretrained.vae_source import open_vae
from pvvae.run.item_results import ItemResults
from pvvae.run.progress_bar import progress

FILE = "analysis.json"
MEASURED = "measured"
VERSION = 1
"""Changes when what is kept of a clip changes its meaning."""
PROTOCOL = {
    "latents": "drawn from the posterior; each channel to mean 0 and deviation 1 over all clips",
    "distances": "LDS and CDS on the scale of a frame whose shorter side is 256",
    "covariance": "time x space x channels, 5 rounds of flip-flop; intervals by a jackknife over "
    "20 blocks of clips with the whitening of all",
}

Sources = Mapping[str, str | PeerConfig]
"""By label, the run folder of a VAE stage, or a peer with weights."""


@dataclass(frozen=True)
class AnalysedVAE:
    """One VAE, and where its latents are while pictures are made."""

    label: str
    results: Results
    kept: KeptLatents
    stride: tuple[int, int]


def analyse_latents(sources: Sources, clips: AnalysedClips, out: Path) -> list[AnalysedVAE]:
    """Encode every clip by every VAE, and write OUT/analysis.json.

    What is kept of each clip stays in OUT/measured until :func:`forget`; a later start with the
    same encoders and clips uses it.

    Raises:
        ConfigError: if a VAE cannot be had or does not take such clips, its latents are not finite,
            or a file cannot be written.
    """
    found = []
    for label, source in sources.items():
        found.append(_analyse(label, source, clips, out))
    plain = {one.label: one.results.plain() for one in found}
    paths = {label: source for label, source in sources.items() if isinstance(source, str)}
    write_json(out / FILE, {"kind": "latents", "runs": plain, "sources": paths})
    return found


def forget(out: Path) -> None:
    """Remove what was kept: all conclusions are written."""
    ItemResults(out / MEASURED, remember=False).discard()


def _analyse(label: str, source: str | PeerConfig, clips: AnalysedClips, out: Path) -> AnalysedVAE:
    began = time.monotonic()
    vae = open_vae(source).to(distributed.device())
    _check_size(vae, clips, label)
    kept = ItemResults(out / MEASURED, remember=False)
    digest, seed = encoder_digest(vae.backbone.encoder), clips.question.seed
    how: list[int | str] = [
        VERSION,
        digest,
        str(clips.protocol()["flow"]),
        str(clips.protocol()["size"]),
        seed,
    ]
    keys = [
        seeding.key("latents", *how, chosen.sha256, n)
        for n, chosen in enumerate(clips.drawn.chosen)
    ]
    looked = KeptLatents(kept, keys)
    done = sum(map(kept.has, keys))
    with progress(f"{label}: encoding", len(keys), start=done) as bar:
        for number, key in enumerate(keys):
            if kept.has(key):
                continue
            frames = clips.frames(number)
            flow = clips.flow(number, frames)
            row = encoded(vae, frames, flow, device=distributed.device(), seed=seed, number=number)
            if not row["latent"].isfinite().all():
                raise ConfigError(f"{label}: latents of {clips.title(number)} are not finite")
            kept.keep(key, row)
            bar.update()
    stride = vae.backbone.stride
    with progress(f"{label}: looking", len(keys)) as bar:
        numbers = latent_numbers(
            looked,
            [clips.label(n) for n in range(len(clips))],
            stride=stride.space,
            short_side=min(clips.question.height, clips.question.width),
            seed=seed,
            on_clip=bar.update,
        )
    facts: dict[str, Any] = {"latent": vae.backbone.latent_config, "encoder": digest}
    results = Results(
        metrics=numbers.metrics,
        protocol=clips.protocol() | PROTOCOL,
        counts={"clips": len(clips), "skipped": len(clips.drawn.skipped)},
        seeds={"clips": seed, "posterior": seed, "intervals": seed},
        facts=facts | numbers.facts,
        times={"seconds": time.monotonic() - began},
    )
    return AnalysedVAE(label, results, looked, (stride.time, stride.space))


def _check_size(vae: PredictiveVAE, clips: AnalysedClips, label: str) -> None:
    q = clips.question
    try:
        vae.backbone.latent_frames(q.frames)
        vae.backbone.check_size(q.height, q.width)
    except ValueError as error:
        raise ConfigError(f"{label}: {error}") from None
