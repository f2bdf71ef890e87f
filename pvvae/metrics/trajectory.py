"""How straight a path is: of a clip's latents through time, or of a sample from noise to data.

Straightness and efficiency foretell gFID with r = .83 and .90 over image tokenizers where the path
is a trained denoiser's ("Diffusing in the Right Space", arXiv 2606.03578).
"""

import torch
from torch import Tensor


class PathShape:
    """Straightness and efficiency of paths that come point by point; keeps three points of each."""

    def __init__(self, start: Tensor) -> None:
        """``start``: (N, ...) first point of every path."""
        self._start = self._last = start.detach().flatten(1).clone()
        self._step: Tensor | None = None
        self._length = torch.zeros(len(start), dtype=torch.float64)
        self._cosines = torch.zeros_like(self._length)
        self._turns = 0

    def add(self, point: Tensor) -> None:
        """The next point (N, ...) of every path, which may be overwritten afterwards."""
        here = point.detach().flatten(1).clone()
        step = (here - self._last).double()
        self._length += torch.linalg.vector_norm(step, dim=1).cpu()
        if self._step is not None:
            self._cosines += torch.nn.functional.cosine_similarity(self._step, step, dim=1).cpu()
            self._turns += 1
        self._last, self._step = here, step

    @property
    def straightness(self) -> Tensor:
        """(N,) mean cosine between one step and the next: 1 is a straight line; NaN below two."""
        turns = float(self._turns) if self._turns else torch.nan
        return self._cosines / turns

    @property
    def efficiency(self) -> Tensor:
        """(N,) distance from end to end over the length of the way: 1 is a straight line."""
        whole = (self._last - self._start).double()
        distance: Tensor = torch.linalg.vector_norm(whole, dim=1).cpu()
        return distance / self._length


def time_path(z: Tensor) -> PathShape:
    """The path of clips (N, c, t, h, w) from group to group."""
    path = PathShape(z[:, :, 0])
    for group in range(1, z.shape[2]):
        path.add(z[:, :, group])
    return path
