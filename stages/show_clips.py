"""Figure 3: chosen clips, and pages of small print, as a VAE rebuilds them."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from arch.interface import PeerConfig
from arch.ranges import Count, Number
from pvvae import distributed
from pvvae.data.clip_shape import ClipShape
from pvvae.data.clips import to_pixels, to_uint8
from pvvae.data.video.text_page import text_page
from pvvae.data.video.video import Frames
from pvvae.errors import ConfigError
from pvvae.evaluation.stage import DrawingConfig
from pvvae.files import write_array
from pvvae.pretrained.vae_source import check_trained, open_vae
from pvvae.run.resumable_items import ResumableItems
from pvvae.run.run import Run


@dataclass(frozen=True, kw_only=True)
class Config(ClipShape, DrawingConfig):
    """Clips by their number in the draw of an evaluation with the same keys."""

    vae: str | PeerConfig
    """Run folder of a VAE stage, or a peer with weights."""
    clips: str
    """What clips are drawn from: a folder of shards, of videos or of frames, or a list of them."""
    num: Count = 2048
    """Number of clips in the draw; no metric is of them, so one will do."""
    chosen: tuple[Number, ...]
    """Clips to show."""
    pages: Number = 0
    """Rendered pages of text to show."""

    def __post_init__(self) -> None:
        check_trained(self.vae)


def run(config: Config) -> None:
    """Write RUN/clips/NAME_original.npy and NAME_reconstruction.npy, uint8 (T, H, W, C)."""
    record = Run(config, stage="show_clips")
    if record.finished:
        return
    vae = open_vae(config.vae).to(distributed.device())
    drawn = config.draw(config.clips, frames=config.frames)
    beyond = [number for number in config.chosen if number >= len(drawn)]
    if beyond:
        raise ConfigError(f"chosen: clip {beyond[0]} is not among the {len(drawn)} that are drawn")
    folder = record.folder / "clips"
    pages = [f"text{number}" for number in range(config.pages)]
    names = [*(f"{number:06d}" for number in config.chosen), *pages]
    for name in ResumableItems(record, names, kept=partial(_kept, folder)):
        clip = _page(config, pages.index(name)) if name in pages else drawn[int(name)].frames
        with torch.inference_mode():
            recon = vae(to_pixels(clip).to(distributed.device()))[0]
        write_array(folder / f"{name}_original.npy", np.ascontiguousarray(clip))
        write_array(folder / f"{name}_reconstruction.npy", to_uint8(recon)[0])
    record.write_metrics([{"step": 0, "kind": "shown", "clips": len(names), "times": {}}])
    record.finish({"clips": len(names)})


def _page(config: Config, number: int) -> Frames:
    return text_page(number, frames=config.frames, height=config.height, width=config.width)


def _kept(folder: Path, name: str) -> bool:
    return (folder / f"{name}_reconstruction.npy").exists()
