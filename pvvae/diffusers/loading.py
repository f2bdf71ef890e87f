"""Loading and saving as models of diffusers do, and what is said where that fails."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from diffusers import ModelMixin
from safetensors import SafetensorError
from torch import Tensor, nn

from pvvae.autoencoder import Autoencoder
from pvvae.diffusers.config import KEYS
from pvvae.errors import ConfigError, one_line, shown
from pvvae.pretrained import weight_files
from pvvae.pretrained.published import find_folder, read_published_config
from pvvae.pretrained.tensor_files import check_finite
from pvvae.pretrained.weight_files import placing

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


class PublishedModel(Autoencoder, ModelMixin):  # type: ignore[misc]
    """An autoencoder with ``from_pretrained`` and ``save_pretrained`` as diffusers has them."""

    @classmethod
    def from_pretrained(  # type: ignore[override]
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        subfolder: str | None = None,
        revision: str | None = None,
        variant: str | None = None,
        use_safetensors: bool | None = None,
        output_loading_info: bool = False,
        plugins: Sequence[str | Path] = (),
        **arguments: Any,
    ) -> Any:
        """Load what :meth:`save_pretrained` wrote, in evaluation mode.

        Args:
            pretrained_model_name_or_path: a local folder, or an id of the Hugging Face hub.
            subfolder: of it, that holds the VAE.
            revision: of the hub's repository.
            variant: of the weights, such as "fp16".
            use_safetensors: False is refused; nothing else is read.
            output_loading_info: whether to return, beside the VAE, what diffusers says of the
                loading.
            plugins: Python files that register a backbone which is none of ours.
            arguments: as models of diffusers have them: ``torch_dtype`` or ``dtype`` (None leaves
                weights as stored), ``device_map``, ``cache_dir``, ``local_files_only``, ``token``
                and others; and entries of ``config.json`` that are to be other than there.

        Raises:
            ConfigError: one line about what is missing, does not fit, or is not offered; where a
                file is at fault it is an OSError too, as diffusers raises it.
        """
        arguments = accepted(arguments)
        if use_safetensors is False:
            raise ConfigError("use_safetensors: weights are safetensors and nothing else")
        device = place(arguments)
        with file_errors(pretrained_model_name_or_path):
            folder = find_folder(
                pretrained_model_name_or_path,
                subfolder=subfolder,
                revision=revision,
                variant=variant,
                **hub_arguments(arguments),
            )
            read_published_config(folder, plugins=plugins, others=True)
            settle_dtype(arguments, files_of(folder, variant))
            vae, info = super(Autoencoder, cls).from_pretrained(
                str(folder),
                variant=variant,
                use_safetensors=True,
                output_loading_info=True,
                **arguments,
            )
            check_complete(info, folder)
            check_finite(present(vae), where=str(folder))
        vae.register_to_config(_name_or_path=str(pretrained_model_name_or_path))
        vae = vae if device is None else vae.to(device)
        return (vae, info) if output_loading_info else vae

    def save_pretrained(  # type: ignore[override]
        self,
        save_directory: str | Path,
        is_main_process: bool = True,
        save_function: None = None,
        safe_serialization: bool = True,
        variant: str | None = None,
        max_shard_size: int | str = "10GB",
        push_to_hub: bool = False,
        **hub: Any,
    ) -> None:
        """Write ``config.json`` and the weights: whole, or not at all.

        Args:
            save_directory: is made if need be.
            is_main_process: False writes nothing.
            save_function: has no effect, here as in diffusers.
            safe_serialization: False is answered with a warning; pickles are not written.
            variant: of the weights, such as "fp16"; others beside it stay.
            max_shard_size: of a file; larger weights become several, with an index.
            push_to_hub: whether to send them to the Hugging Face hub as well.
            hub: ``repo_id`` (the folder's name unless given), ``token``, ``private``,
                ``commit_message``, ``create_pr``.

        Raises:
            ConfigError: if a weight is not finite, or the disk or the hub refuses.
        """
        if not is_main_process:
            return
        if not safe_serialization:
            warnings.warn("safe_serialization: weights are safetensors all the same", stacklevel=2)
        folder = Path(save_directory)
        check_finite(self.state_dict(), where=str(folder))
        write = super(Autoencoder, self).save_pretrained
        sizes = {"variant": variant, "max_shard_size": max_shard_size}
        with placing(folder, variant=variant) as partial:
            write(str(partial), **sizes)
        if push_to_hub:
            hub.setdefault("repo_id", folder.resolve().name)
            with file_errors(hub["repo_id"]), TemporaryDirectory() as copy:
                write(copy, push_to_hub=True, **sizes, **hub)


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
