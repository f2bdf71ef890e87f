"""How well frames are predicted that the encoder was not shown (section 4.3, Figure 5a)."""

import torch
from torch import Tensor

from pvvae.errors import ConfigError
from pvvae.metrics.per_frame import check_pair
from pvvae.metrics.psnr import frame_errors


def prediction_error(recon: Tensor, x: Tensor, observed: Tensor | int) -> Tensor:
    """Mean squared error over the frames that were not observed: -> (B,), float64.

    Args:
        recon, x: pixels (B, 3, T, H, W) in [0, 1].
        observed: number of leading frames the encoder was shown, for all clips or (B,).

    Raises:
        ConfigError: if a clip was observed whole, which leaves nothing to predict, or if the clips
            differ in shape or leave [0, 1].
    """
    check_pair(recon, x)
    errors = frame_errors(recon, x)  # (B, T)
    seen = torch.as_tensor(observed, device=errors.device).expand(len(errors))
    if seen.max() >= errors.shape[1]:
        raise ConfigError(f"observed must leave some of {errors.shape[1]} frames, got {observed}")
    predicted = torch.arange(errors.shape[1], device=errors.device) >= seen[:, None]  # (B, T)
    return (errors * predicted).sum(dim=1) / predicted.sum(dim=1)
