"""The weights of an image network as those of a video network."""

from collections.abc import Mapping

from torch import Tensor


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
