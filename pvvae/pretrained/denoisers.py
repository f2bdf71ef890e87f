"""Taking trained denoisers out of run folders and boxes, to use them or to train them on."""

from pathlib import Path

from arch.interface import Denoiser, DenoiserConfig
from pvvae import config as codec
from pvvae.errors import ConfigError
from pvvae.pretrained.box import WEIGHTS, is_boxed_latte, latte_facts, located
from pvvae.pretrained.runs import checkpoint_of, load_run_plugins, require_same
from pvvae.pretrained.tensor_files import fill, read_tensors
from pvvae.run.folder import read_config


def load_denoiser(run: Path) -> Denoiser:
    """The trained denoiser of a run (its averaged weights, if it kept any), in evaluation mode.

    Raises:
        ConfigError: if the run holds no denoiser.
    """
    denoiser = denoiser_config(run).build()
    path = _denoiser_file(located(run))
    fill(denoiser, read_tensors(path), where=str(path))
    return denoiser.eval().requires_grad_(False)


def denoiser_config(run: Path) -> DenoiserConfig:
    """The denoiser of a run of stage latte, or of a box: ``box:NAME`` is one of the project's.

    Raises:
        ConfigError: if it holds no denoiser.
    """
    run = located(run)
    if is_boxed_latte(run):
        return latte_facts(run).denoiser.portable()
    plain = read_config(run)
    if "denoiser" not in plain:
        raise ConfigError(
            f"{run}: a run of stage {plain.get('stage')} holds no denoiser; name one of latte"
        )
    load_run_plugins(run, plain)
    try:
        return codec.decode(DenoiserConfig, plain["denoiser"], "denoiser").portable()
    except ConfigError as error:
        raise ConfigError(f"{run}: another version made it; {error}") from None


def _denoiser_file(run: Path) -> Path:
    if is_boxed_latte(run):
        return run / WEIGHTS
    return checkpoint_of(run).folder / "denoiser.safetensors"


def check_denoiser_start(config: DenoiserConfig, run: Path) -> None:
    """Refuse a denoiser that :func:`start_denoiser` could not begin from.

    Raises:
        ConfigError: naming the first key that differs; classes may be others, if there are any.
    """
    found, wanted = (codec.encode(one) for one in (denoiser_config(run), config.portable()))
    before = found.pop("num_classes")
    wanted.pop("num_classes")
    require_same(run, "denoiser", found, wanted)
    if bool(before) != bool(config.num_classes):
        raise ConfigError(
            f"{run}: was trained {'with' if before else 'without'} classes; set "
            f"denoiser.num_classes to {before}, or begin from scratch with init=null"
        )


def start_denoiser(denoiser: Denoiser, config: DenoiserConfig, run: Path) -> None:
    """Fill a denoiser with the weights of a run or of a box's, to be trained on.

    Where its classes are others in number, each begins as "no class", the last row of a table of
    classes: nothing is known of it.

    Raises:
        ConfigError: if that run trained another denoiser.
    """
    check_denoiser_start(config, run)
    before, path = denoiser_config(run).num_classes, _denoiser_file(located(run))
    weights = read_tensors(path)
    for name, own in denoiser.state_dict().items():
        found = weights.get(name)
        if found is None or not found.ndim or config.num_classes == before:
            continue
        if (len(found), len(own)) == (before + 1, config.num_classes + 1):
            weights[name] = found[-1:].expand_as(own).clone()
    fill(denoiser, weights, where=str(path))
