"""Weights from disk: safetensors alone, whole, finite, and of the network they are meant for."""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

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


PICKLES = (".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth")
"""Endings under which weights are kept as pickles."""
PICKLED = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
"""How such files begin: torch.save's zip, or a pickle of protocol 2 to 5."""
HEADER = 8
"""Bytes before the brace that every safetensors file has there: the header's length."""


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file.

    Raises:
        ConfigError: if the file is missing, a pickle (which is never opened), cut short, or holds
            a number that is not finite; the message names the first such tensor.
    """
    _refuse_pickles(path)
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except SafetensorError as error:
        line = " ".join(str(error).split())
        raise ConfigError(
            f"{path}: not a whole safetensors file ({line}); copy or export it again"
        ) from None
    check_finite(tensors, where=str(path))
    return tensors


def check_finite(tensors: Mapping[str, Tensor], *, where: str) -> None:
    """Refuse weights that can only make everything after them NaN.

    Raises:
        ConfigError: naming the first tensor at fault.
    """
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            bad = tensor.numel() - int(tensor.isfinite().sum())
            raise ConfigError(
                f"{where}: {name} has {bad} of {tensor.numel()} numbers that are NaN or infinite"
            )


def fill(network: nn.Module, tensors: Mapping[str, Tensor], *, where: str) -> None:
    """Copy weights into ``network``, all of them or none.

    Raises:
        ConfigError: if they are those of another architecture; the message names the first tensor
            that is missing, of another shape, or without a place.
    """
    wanted = network.state_dict()
    for name, tensor in wanted.items():
        if name not in tensors:
            raise _another(where, f"it lacks {name}")
        if tensors[name].shape != tensor.shape:
            shapes = f"{tuple(tensors[name].shape)} there, {tuple(tensor.shape)} here"
            raise _another(where, f"{name} is {shapes}")
    for name in tensors:
        if name not in wanted:
            raise _another(where, f"it has {name}, which the network lacks")
    network.load_state_dict(tensors)


def _another(where: str, why: str) -> ConfigError:
    return ConfigError(f"{where}: weights of another architecture: {why}")


def _refuse_pickles(path: Path) -> None:
    if not path.is_file():
        others = sorted(p.name for p in path.parent.glob("*") if p.suffix in PICKLES)
        if others:
            raise _pickle(path.parent / others[0], f"there is no {path.name} beside it")
        raise ConfigError(f"{path}: no such file")
    with path.open("rb") as file:
        begin = file.read(HEADER + 1)
    other = begin.startswith(PICKLED) and begin[HEADER:] not in (b"{", b"")  # may be cut short
    if path.suffix in PICKLES or other:
        raise _pickle(path, "safetensors are expected here")


def _pickle(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"{path}: a pickle, which may run anything when opened, so it was not; {why}: convert it "
        "with safetensors.torch.save_file where you trust it"
    )
