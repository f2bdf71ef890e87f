"""Metrics on twelve made-up clips, shared out among the processes that run this.

``python -m tests.pvvae.metrics.sharing FOLDER``: each process measures every n-th clip, one by one;
rows are gathered as stages gather them, and the main process writes FOLDER/found.json. LPIPS takes
seconds to import; that its batches are apart is tested where it is.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pvvae import distributed
from pvvae.metrics.fvd import FVD
from pvvae.metrics.i3d import NUM_FEATURES
from pvvae.metrics.inception_score import I3D_K400, InceptionScore
from pvvae.metrics.latent_distance import LatentDistance
from pvvae.metrics.per_frame import PerFrame
from pvvae.metrics.prediction_error import prediction_error
from pvvae.metrics.psnr import frame_psnr
from pvvae.metrics.ssim import frame_ssim
from pvvae.run.item_results import ItemResults, Row

CLIPS = 12


def clips(indices: list[int]) -> tuple[Tensor, Tensor]:
    """Originals and reconstructions (N, 3, 5, 32, 40) in [0, 1]: each of its own seed."""
    pairs = []
    for index in indices:
        generator = torch.Generator().manual_seed(index)
        x = torch.rand(3, 5, 32, 40, generator=generator)
        noise = torch.rand(x.shape, generator=generator)
        pairs.append((x, 0.8 * x + 0.2 * noise))
    originals, recons = zip(*pairs, strict=True)
    return torch.stack(originals), torch.stack(recons)


def measured(indices: list[int]) -> Row:
    """Rows of these clips as one batch: what I3D would see is drawn for each."""
    x, recon = clips(indices)
    drawn = [torch.Generator().manual_seed(1000 + index) for index in indices]
    features = torch.stack([torch.randn(2, NUM_FEATURES, generator=g) for g in drawn])
    return {
        "psnr": frame_psnr(recon, x),
        "ssim": frame_ssim(recon, x),
        "error": prediction_error(recon, x, 2),
        "latent": recon,
        "real": features[:, 0],
        "generated": features[:, 1],
    }


def concluded(rows: list[Row]) -> dict[str, Any]:
    """All metrics over the rows, as plain data."""
    found: dict[str, Any] = {}
    for name in ("psnr", "ssim"):
        frames, seen = PerFrame(frame_psnr), torch.tensor([2])
        for row in rows:
            frames.add(row[name], observed=seen.expand(len(row[name])))
        found |= {key: value.plain() for key, value in frames.values(name).items()}
        found[f"{name}_curve"] = frames.curve(larger_is_better=True).plain()
    found["error"] = torch.cat([row["error"] for row in rows]).tolist()
    latents, videos, score = LatentDistance(), FVD(), InceptionScore(I3D_K400)
    for row in rows:
        latents.update(row["latent"])
        videos.add(row["real"], frames=17, real=True)
        videos.add(row["generated"], frames=17, real=False)
        score.add(row["generated"])
    found["latent_distance"] = latents.compute().raw
    found |= {name: asdict(videos.compute(paired=name == "rfvd")) for name in ("fvd", "rfvd")}
    return found | {name: value.plain() for name, value in score.compute().items()}


def main(folder: Path) -> None:
    """As a stage: this process's clips, then all rows."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo")
    kept = ItemResults(folder / "measured")
    for index in range(distributed.rank(), CLIPS, distributed.world_size()):
        kept.keep(index, measured([index]))
    rows = kept.rows(range(CLIPS))
    if distributed.is_main():
        (folder / "found.json").write_text(json.dumps(concluded(rows)))
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
