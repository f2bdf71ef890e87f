"""The small fixed held-out set that is looked at during training."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from arch.interface import Posterior
from arch.ranges import Count
from pvvae import distributed
from pvvae.config import check_ranges
from pvvae.data.clip_shape import ClipShape
from pvvae.data.clips import HeldOutClips, to_pixels, to_uint8
from pvvae.data.video.pixels import in_8_bits
from pvvae.data.video.video import SAMPLE_FPS, Frames, write_video
from pvvae.distributed.slots import map_over_teams
from pvvae.engine import Engine
from pvvae.metrics.per_frame import to_unit
from pvvae.metrics.prediction_error import prediction_error
from pvvae.metrics.psnr import frame_psnr
from pvvae.model import PredictiveVAE
from pvvae.vae.held_out_latents import HeldOutLatents
from pvvae.vae.losses.reconstruction import kl_divergence
from pvvae.vae.objective import Objective


@dataclass(frozen=True, kw_only=True)
class HeldOutConfig(ClipShape):
    """Which clips, and how much of them is shown for prediction."""

    clips: Count = 32
    """Ours: seconds on a GPU, and a stable curve."""

    def __post_init__(self) -> None:
        check_ranges(self)

    def open(self, folder: str) -> HeldOutClips:
        """The clips, out of a folder of shards.

        Raises:
            ConfigError: if there are no shards, or their samples are too short or too small.
        """
        return self.held_out_clips(folder, limit=self.clips)


class HeldOut:
    """Measures a VAE on the same clips every time, whatever the number of processes."""

    def __init__(
        self,
        config: HeldOutConfig,
        folder: str | None,
        *,
        objective: Objective,
        team: int,
        seed: int,
    ) -> None:
        """``folder`` holds the held-out shards; None measures nothing. A team shares each clip.

        ``seed`` and a clip's number decide a Gaussian pad's noise, the same at every look.
        """
        self.config, self.objective, self.team, self.seed = config, objective, team, seed
        self.clips = None if folder is None else config.open(folder)

    def measure(
        self, engine: Engine, *, folder: Path, step: int
    ) -> tuple[dict[str, float], Path | None]:
        """Means over the clips, and a video of the first one (main process); a collective call.

        Of the averaged weights, if the engine averages: those are what everyone else will load.

        Returns:
            ``mse diff lpips psnr kl score``, those of :meth:`HeldOutLatents.numbers` and, for
            video, ``prediction_mse`` and ``repeated_mse`` (on [0, 1], over the frames of the
            dropped half; of the last frame seen, repeated) with ``prediction_ratio``, the one over
            the other; the sample's path.
        """
        if self.clips is None:
            return {}, None
        vae = engine.network
        assert isinstance(vae, PredictiveVAE)
        with torch.no_grad(), engine.averaged():
            return self._measure(vae, engine.dtype, folder / "samples" / f"step_{step:08d}.mp4")

    def _measure(
        self, vae: PredictiveVAE, dtype: torch.dtype, video: Path
    ) -> tuple[dict[str, float], Path | None]:
        assert self.clips is not None
        clips, count, latents = self.clips, len(self.clips), HeldOutLatents()

        def look(index: int) -> dict[str, float]:
            x = to_pixels(clips[index].frames).to(distributed.device())
            row, pictures, posterior = self._clip(vae, x.to(dtype), index)
            latents.keep(index, posterior.mean, posterior.logvar)
            if index == 0 and distributed.is_main():
                write_video(video, _side_by_side(pictures), fps=SAMPLE_FPS)
            return row

        rows = map_over_teams(count, look, team=self.team)
        means = {name: sum(row[name] for row in rows) / count for name in rows[0]}
        if means.get("repeated_mse"):
            means["prediction_ratio"] = means["prediction_mse"] / means["repeated_mse"]
        means |= latents.numbers(count, team=self.team)
        return means | {"score": means["psnr"]}, video if distributed.is_main() else None

    def _clip(
        self, vae: PredictiveVAE, x: Tensor, number: int
    ) -> tuple[dict[str, float], list[Tensor], Posterior]:
        """Values of one clip (1, C, T, H, W), the pictures to show, and its latents' moments."""
        recon, mean, logvar = vae(x)
        recon, target = recon.float(), x.float()
        losses = self.objective.pixel_losses(recon, target)
        row = {name: float(loss) for name, loss in losses.items()}
        row["psnr"] = float(frame_psnr(_unit(recon), _unit(target)).mean())
        row["kl"] = float(kl_divergence(Posterior(mean, logvar)).mean())
        pictures = [target, recon]
        if vae.backbone.latent_frames(x.shape[2]) > 1:
            dropped, seen = vae.latter_half(x.shape[2])
            noise = vae.draw_pad(x, seed=self.seed, clips=[number])
            predicted = vae(x, dropped, pad_noise=noise)[0].float()
            error = prediction_error(_unit(predicted), _unit(target), seen)
            row["prediction_mse"] = float(error)
            last = target[:, :, seen - 1 : seen].expand(-1, -1, x.shape[2] - seen, -1, -1)
            repeated = torch.cat([target[:, :, :seen], last], dim=2)
            row["repeated_mse"] = float(prediction_error(_unit(repeated), _unit(target), seen))
            pictures.append(predicted)
        return row, pictures, Posterior(mean, logvar)


def _unit(recon: Tensor) -> Tensor:
    """Pixels in [0, 1], of 8 bits, as every evaluation has them.

    NaN pixels count as grey, since metrics refuse what is not finite and validation must not end a
    run; the losses still say NaN.
    """
    return to_unit(in_8_bits(recon.nan_to_num(nan=0.0)))


def _side_by_side(pictures: list[Tensor]) -> Frames:
    """Clips (1, C, T, H, W) in one row, as uint8 frames (T, H, W', C)."""
    frames: Frames = to_uint8(torch.cat(pictures, dim=4))[0]
    return frames
