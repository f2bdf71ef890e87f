"""Weights from disk, as a user may name them: what is wrong with them is the user's mistake."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from torch import Tensor, nn

from arch import interface
from pvvae.errors import ConfigError


def inflate(weights: Mapping[str, Tensor], video: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give every 2D kernel the time axis of its 3D counterpart; the rest stays.

    The kernel becomes the last tap, which meets the present frame, and the others are zero: a clip
    begins as its frames one by one. On an image the taps are summed, so there it is the 2D
    convolution itself. Source: Open-Sora-Plan ("tail initialisation"), Wan.

    So ``cnn`` encodes and decodes images as the image network did, and a clip that stands still as
    that image at all times. The image network's shortcuts must average and copy channels as ours do
    for an image, whose two frames are equal: each cell counts twice where time is merged too. That
    matters at paper size alone, where one average is over 5 of 160 x 8 channels.

    Args:
        weights: an image network's, kernels (O, I, h, w).
        video: the video network's by the same names, kernels (O, I, k, h, w).
    """
    inflated = dict(weights)
    for name, kernel in weights.items():
        if kernel.ndim == 4 and name in video and video[name].ndim == 5:
            inflated[name] = kernel.new_zeros(
                *kernel.shape[:2], video[name].shape[2], *kernel.shape[2:]
            )
            inflated[name][:, :, -1] = kernel
    return inflated


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file, see :func:`arch.interop.weights.read_tensors`.

    Raises:
        ConfigError: if the file is missing, a pickle (which is never opened), cut short, or holds
            a number that is not finite; the message names the first such tensor.
    """
    with _mistakes():
        return interface.read_tensors(path)


def check_finite(tensors: Mapping[str, Tensor], *, where: str) -> None:
    """Refuse weights that can only make everything after them NaN.

    Raises:
        ConfigError: naming the first tensor at fault.
    """
    with _mistakes():
        interface.check_finite(tensors, where=where)


def fill(network: nn.Module, tensors: Mapping[str, Tensor], *, where: str) -> None:
    """Copy weights into ``network``, all of them or none.

    Raises:
        ConfigError: if they are those of another architecture; the message names the first tensor
            that is missing, of another shape, or without a place.
    """
    with _mistakes():
        interface.check_fits(tensors, network, where=where)
    network.load_state_dict(tensors)


@contextmanager
def _mistakes() -> Iterator[None]:
    """Make a ConfigError of a ValueError: arch knows no users."""
    try:
        yield
    except ValueError as error:
        raise ConfigError(str(error)) from None
