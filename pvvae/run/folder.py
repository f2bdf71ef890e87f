"""Reading run folders: what a run is, how far it is, what it measured; imports nothing heavy."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pvvae import config as codec
from pvvae.errors import ConfigError, quoted
from pvvae.reading import parse_json, read_text, read_yaml_text

FREE_KEYS = ("run", "tracking", "plugins", "watch", "sequence_parallel", "real_features")
"""Keys that may differ between the runs of one folder: they change no result, or (as the number of
processes) nothing but its rounding."""
ENGINES = ("engine", "discriminator_engine")
FREE_ENGINE_KEYS = (
    "zero_stage",
    "bucket_elements",
    "persistent_elements",
    "overlap",
    "activation_checkpointing",
    "compile",
    "offload",
)
"""Keys of an engine that only say where things are, or how the same is computed: a run goes on
under others. They change results by rounding at most."""
READ_BY_OTHERS: Mapping[str, tuple[type, str]] = {
    "stage": (str, "a text"),
    "steps": (int, "a whole number"),
    "data": (dict, "a mapping"),
    "sampler": (dict, "a mapping"),
}
"""Keys of a run's config that more than its own stage reads, and what they are there."""
BEGUN = (
    "config.yaml",
    "provenance.json",
    "data.json",
    "wandb",
    "stalls",
    "profile",
    "progress.json",
)
"""What a run may write before its first result."""


def is_finished(folder: Path) -> bool:
    """Whether ``folder`` holds a complete run."""
    return (folder / "finished.json").exists()


def is_run(folder: Path) -> bool:
    """Whether ``folder`` is one that a stage has made."""
    return (folder / "config.yaml").is_file()


def read_config(folder: Path) -> dict[str, Any]:
    """The resolved config of a run.

    Raises:
        ConfigError: if ``folder`` is no run folder, or its config is damaged.
    """
    path = folder / "config.yaml"
    if not path.is_file():
        what = (
            "not a run folder (it has no config.yaml)" if folder.exists() else "no such run folder"
        )
        raise ConfigError(f"{folder}: {what}; `pvvae train` makes one, `pvvae status` lists them")
    data = read_yaml_text(path)
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise ConfigError(f"{path}: damaged: a run's config is a mapping of words")
    for key, (kind, words) in READ_BY_OTHERS.items():
        value = data.get(key)
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            raise ConfigError(f"{path}: damaged: {key} must be {words}, got {quoted(value)}")
    return data


def read_metrics(folder: Path, kind: str | None = None) -> list[dict[str, Any]]:
    """Lines of metrics.jsonl, of one kind or all; none if there is no such file.

    The last line of a killed run may be cut, and is passed over.

    Raises:
        ConfigError: for any other line that no run writes; the message has its number.
    """
    path = folder / "metrics.jsonl"
    if not path.exists():
        return []
    texts = read_text(path).split("\n")
    lines = [_line(text, f"{path}:{n}") for n, text in enumerate(texts[:-1], 1) if text.strip()]
    with suppress(ConfigError):
        lines.append(_line(texts[-1], str(path)))
    return [line for line in lines if kind in (None, line["kind"])]


def _line(text: str, where: str) -> dict[str, Any]:
    data = parse_json(text, where)
    if (
        not isinstance(data, dict)
        or not _is_whole(data.get("step"))
        or not isinstance(data.get("kind"), str)
        or not _are_numbers(data.get("times", {}))
    ):
        raise ConfigError(f"{where}: damaged: no line of a run's metrics")
    return data


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_numbers(values: Any) -> bool:
    return isinstance(values, dict) and all(
        isinstance(value, int | float | None) for value in values.values()
    )


def step_of(line: str) -> int | None:
    """The step of a line of metrics.jsonl; None if the line is not whole."""
    try:
        return int(json.loads(line)["step"])
    except (ValueError, TypeError, LookupError, RecursionError, OverflowError):
        return None  # the last line of a killed run


def check_same_config(folder: Path, plain: Mapping[str, Any]) -> None:
    """Refuse to go on in a folder with another config; one without results may get any.

    Args:
        folder: of a run, or where one will be.
        plain: the resolved config, ``stage`` included.

    Raises:
        ConfigError: naming the first key that differs.
    """
    if not (folder / "config.yaml").exists() or not _has_results(folder):
        return
    other = codec.differences(bound(read_config(folder)), bound(plain))
    if other:
        raise ConfigError(
            f"{folder}: this run folder was made with another config: {other[0]}"
            f"{f' and {len(other) - 1} more' if len(other) > 1 else ''}; "
            "choose another run=..., or remove the folder"
        )


def _has_results(folder: Path) -> bool:
    """Whether more is there than what a run writes when it begins."""
    return any(p.name not in BEGUN and not p.name.startswith(".") for p in folder.iterdir())


def runs_below(folder: Path) -> list[Path]:
    """Run folders at or below ``folder``, in order of their paths, damaged ones among them.

    Raises:
        ConfigError: if there is none.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; runs are in the folder that run: names")
    found = sorted(path.parent for path in folder.rglob("config.yaml") if _is_shown(path, folder))
    runs = [path for path in found if _may_be_run(path)]
    if not runs:
        raise ConfigError(f"{folder}: no runs in it (folders with a config.yaml of pvvae train)")
    return runs


def _is_shown(path: Path, folder: Path) -> bool:
    """Whether no folder on the way is hidden, as that is in which a command keeps its work."""
    return not any(part.startswith(".") for part in path.relative_to(folder).parts)


def _may_be_run(folder: Path) -> bool:
    """Whether its config names a stage, or does not let itself be read."""
    try:
        return "stage" in read_config(folder)
    except ConfigError:
        return True


def bound(plain: Mapping[str, Any]) -> dict[str, Any]:
    """A config without the keys that may change from one start of a run to the next."""
    fixed = {**plain, **dict.fromkeys(FREE_KEYS)}
    for name in ENGINES:
        if isinstance(fixed.get(name), dict):
            fixed[name] = fixed[name] | dict.fromkeys(FREE_ENGINE_KEYS)
    return fixed
