"""What a model of diffusers is loaded with, and what is said where that fails."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from pvvae.diffusers.config import KEYS
from pvvae.errors import ConfigError, one_line, shown
from pvvae.pretrained import weight_files

HUB = frozenset({"cache_dir", "force_download", "local_files_only", "token"})
"""How the hub is asked."""
LOADING = frozenset(
    {
        "device_map",
        "disable_mmap",
        "dtype",
        "low_cpu_mem_usage",
        "max_memory",
        "offload_folder",
        "offload_state_dict",
        "torch_dtype",
    }
)
"""Arguments of diffusers' ``from_pretrained`` that go on to it (diffusers 0.42)."""
DECLINED = frozenset(
    {
        "flashpack_kwargs",
        "ignore_mismatched_sizes",
        "mirror",
        "parallel_config",
        "provider",
        "provider_options",
        "proxies",
        "quantization_config",
        "sess_options",
        "use_flashpack",
    }
)
"""Arguments that pipelines pass on unasked; anything but "nothing" is refused."""


class CannotLoadError(ConfigError, OSError):
    """A file that is not there or cannot be read: for callers of diffusers an OSError."""


def accepted(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What is to be done with arguments of ``from_pretrained``, without those that ask nothing.

    Raises:
        ConfigError: for the first that is not known, or asks for what ours cannot do.
    """
    known = {}
    for key, value in arguments.items():
        if key in HUB | LOADING | set(KEYS):
            known[key] = value
        elif key not in DECLINED or value not in (None, False, {}):
            raise ConfigError(f"{key}: AutoencoderPV.from_pretrained cannot do that")
    return known


def hub_arguments(arguments: dict[str, Any]) -> dict[str, Any]:
    """Take out of ``arguments`` how the hub is asked."""
    hub = {key: arguments.pop(key) for key in HUB & arguments.keys()}
    return {key: value for key, value in hub.items() if value is not None}


@contextmanager
def file_errors(where: str | Path) -> Iterator[None]:
    """Say in a line, after ``where`` unless it is named already, what reading files came to.

    Raises:
        CannotLoadError: for a mistake of the user, and what diffusers or torch raise.
    """
    try:
        yield
    except ConfigError as error:
        raise CannotLoadError(str(error)) from None
    except (
        OSError,
        SafetensorError,
        ValueError,
        RuntimeError,
        LookupError,
        TypeError,
        NotImplementedError,
    ) as error:
        line = one_line(" ".join(f"{error}".split()) or type(error).__name__)
        raise CannotLoadError(f"{where}: {line}") from None


def files_of(folder: Path, variant: str | None) -> list[Path]:
    """The files of weights.

    Raises:
        ConfigError: if there are none, in words that callers of diffusers look for, or what is
            there is a pickle.
    """
    if files := weight_files.find(folder, variant):
        return files
    pickle = weight_files.pickle_of(variant)
    if (folder / pickle).is_file():
        weight_files.read(folder, variant)  # says what it is
    try:
        path = weight_files.missing(folder, variant)
        line = f"{path}: no such file"
    except ConfigError as error:
        line = str(error)
    raise ConfigError(f"{line} (Error no file named {pickle} found in directory {folder}, either)")


def settle_dtype(arguments: dict[str, Any], files: Sequence[Path]) -> None:
    """Let weights be loaded in the type in which they are stored, if none was asked for."""
    if arguments.get("dtype") is None and arguments.get("torch_dtype") is None:
        arguments["torch_dtype"] = weight_files.stored_dtype(files)


def place(loading: dict[str, Any]) -> torch.device | None:
    """Take a whole device out of ``device_map`` where accelerate is not there to do it.

    Raises:
        ConfigError: where parts are to lie on several devices, and accelerate is missing.
    """
    if find_spec("accelerate") is not None:
        return None
    loading.setdefault("low_cpu_mem_usage", False)  # without accelerate it is not on offer
    device_map = loading.pop("device_map", None)
    if device_map is None:
        return None
    alone = device_map
    if isinstance(device_map, Mapping) and set(device_map) == {""}:
        alone = device_map[""]
    try:
        return torch.device(alone)
    except (RuntimeError, TypeError):
        raise ConfigError(
            f"device_map: {shown(device_map)} needs accelerate; one device alone does not"
        ) from None


def check_complete(info: Mapping[str, Any], where: str | Path) -> None:
    """Refuse weights that are not all of the network's and nothing else.

    Those of other shapes have stopped the loading before.

    Args:
        info: what diffusers says of the loading.
        where: they are from.

    Raises:
        ConfigError: naming the first weight at fault.
    """
    for kind, words in (
        ("missing_keys", "it lacks {}"),
        ("unexpected_keys", "it has {}, which the network lacks"),
    ):
        if names := sorted(map(str, info.get(kind) or ())):
            fault = words.format(names[0])
            raise ConfigError(f"{where}: weights of another architecture: {fault}")


def present(network: nn.Module) -> dict[str, Tensor]:
    """Weights that are in memory, and not left on a disk."""
    return {name: weight for name, weight in network.state_dict().items() if not weight.is_meta}
