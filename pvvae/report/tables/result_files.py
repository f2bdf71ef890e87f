"""Reading results.json, which evaluations and ``pvvae metrics --json`` write."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pvvae.config.reading import read_json
from pvvae.errors import ConfigError, shown

OTHER_FORM = (
    "not of this version's form (pvvae/metrics/results.py); measure again, in another run folder"
)


def read_results(path: Path) -> dict[str, Any]:
    """What an evaluation or ``pvvae metrics --json`` wrote.

    Raises:
        ConfigError: if the file is missing or is not a results file.
    """
    if not path.exists():
        raise ConfigError(f"{path}: no such file of results")
    try:
        data = read_json(path)
    except ConfigError as error:
        raise ConfigError(f"{path}: cannot be read as results: {error}") from None
    if not _has_form(data):
        raise ConfigError(f"{path}: {OTHER_FORM}")
    for name, form in FORMS.items():
        if name in data and not form(data[name]):
            raise ConfigError(f"{path}: damaged: {name} is {shown(data[name])}")
    return dict(data)


def _is_number(data: Any) -> bool:
    return isinstance(data, int | float) and not isinstance(data, bool)


def _is_counted(data: Any) -> bool:
    return isinstance(data, Mapping) and all(
        value is None or _is_number(value) for value in data.values()
    )


DRAWN = ("psnr", "ssim", "lpips", "raw", "normalised")
"""Curves that a page draws: lists, where they are there."""


def _is_curves(data: Any) -> bool:
    return isinstance(data, Mapping) and all(
        all(one is None or _is_number(one) for one in value)
        if isinstance(value, list)
        else name not in DRAWN
        for name, value in data.items()
    )


def _is_prediction(data: Any) -> bool:
    """Whether it has the number of frames that the encoder saw, and curves over all frames."""
    if not isinstance(data, Mapping) or not isinstance(data.get("observed"), int):
        return False
    curves = data.get("curves", {})
    return _is_curves(curves) and data["observed"] > 0


def _is_protocol(data: Any) -> bool:
    """Whether the parts that a page names are there where their metric is."""
    named = {"lpips": "network", "fvd": "features"}
    return isinstance(data, Mapping) and all(
        isinstance(data[part], Mapping) and isinstance(data[part].get(key, ""), str)
        for part, key in named.items()
        if part in data
    )


FORMS: Mapping[str, Callable[[Any], bool]] = {
    "protocol": _is_protocol,
    "counts": _is_counted,
    "times": _is_counted,
    "floor": _is_counted,
    "curves": _is_curves,
    "latent_distance": _is_curves,
    "flicker": lambda data: isinstance(data, Mapping),
    "prediction": _is_prediction,
}
"""Parts of results that tables and pages take apart, where they are there."""


def _has_form(data: Any) -> bool:
    if not isinstance(data, Mapping):
        return False
    metrics, protocol = data.get("metrics"), data.get("protocol")
    return (
        isinstance(metrics, Mapping)
        and isinstance(protocol, Mapping)
        and isinstance(data.get("counts"), Mapping)
        and all(_is_value(value) for value in metrics.values())
    )


def _is_value(data: Any) -> bool:
    if not isinstance(data, Mapping) or "value" not in data:
        return False
    interval = data.get("interval")
    return (
        (data["value"] is None or _is_number(data["value"]))
        and isinstance(data.get("note"), str | None)
        and (
            interval is None
            or (
                isinstance(interval, list) and len(interval) == 2 and all(map(_is_number, interval))
            )
        )
    )
