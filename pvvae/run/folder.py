"""Reading run folders: what a run is, how far it is, what it measured; imports nothing heavy."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pvvae import config as codec
from pvvae.config.reading import file_digest, parse_json, read_text, read_yaml_text
from pvvae.errors import ConfigError, quoted

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
    "data_seen.json",
    "wandb",
    "wandb_id",
    "stalls",
    "profile",
    "progress.json",
)
"""What a run may write before its first result."""


FREE_GOING_ON = (
    "data.workers",
    "latents.workers",
    "loop.log_every",
    "loop.evaluate_every",
    "loop.checkpoint_every",
    "loop.keep_last",
)
"""Paths of keys that decide what a run writes and when, not what it learns: it may go on with
others, but they are part of what a run of a study is found again by."""
DATA = ("data.train", "data.held_out", "latents.train", "latents.held_out")
"""Paths of keys that name shards, which may lie elsewhere when a run goes on."""
DATA_SEEN = "data_seen.json"
"""In the run folder: sha256 of the index of each of them."""
INDEXES = ("index.pvvae.json", "index.json")
"""Names of an index; the first is that of shards made elsewhere, whose own may be the second."""
CHECKPOINT = re.compile(r"step_\d{8}")
"""Name of a checkpoint's folder: its step in eight digits, so that names sort as steps do."""


def checkpoint_folders(folder: Path) -> list[Path]:
    """Checkpoints in a ``checkpoints/``, oldest first; folders of other names are not ours."""
    found = (p for p in folder.glob("step_*") if CHECKPOINT.fullmatch(p.name))
    return sorted(path for path in found if path.is_dir())


def step_of_folder(path: Path) -> int:
    """Step of a checkpoint, by the name of its folder."""
    return int(path.name.removeprefix("step_"))


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
        if key in data and (not isinstance(value, kind) or isinstance(value, bool)):
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
    then = read_config(folder)
    found = codec.differences(bound(then), bound(plain))
    other = [line for line in found if not _may_change(line.partition(": ")[0], folder, plain)]
    if other:
        raise ConfigError(
            f"{folder}: this run folder was made with another config: {other[0]}"
            f"{f' and {len(other) - 1} more' if len(other) > 1 else ''}; "
            "choose another run=..., or remove the folder"
        )


def changes(folder: Path, plain: Mapping[str, Any]) -> list[str]:
    """What differs, as ``key: before != now``, when a run with results goes on with ``plain``."""
    if not (folder / "config.yaml").exists() or not _has_results(folder):
        return []
    then = {key: value for key, value in read_config(folder).items() if key != "run"}
    return codec.differences(then, {key: plain[key] for key in plain if key != "run"})


def is_done(folder: Path, plain: Mapping[str, Any]) -> bool:
    """Whether a run is complete, and ``plain`` asks for no more steps than it has taken."""
    return is_finished(folder) and not is_longer(folder, plain)


def is_longer(folder: Path, plain: Mapping[str, Any]) -> bool:
    """Whether ``plain`` asks for more steps than the run's own config."""
    if not (folder / "config.yaml").is_file():
        return False
    before, now = read_config(folder).get("steps"), plain.get("steps")
    return isinstance(before, int) and isinstance(now, int) and now > before


def _may_change(path: str, folder: Path, plain: Mapping[str, Any]) -> bool:
    """Whether a run goes on as it would have with the old value of a key."""
    if path == "steps":
        return is_longer(folder, plain) and _any_length(plain)
    if path in DATA:
        where = _at(plain, path)
        seen = data_seen(folder).get(path)
        before = _at(read_config(folder), path)
        if seen is None and before is not None:
            seen = index_digest(Path(before))
        return where is not None and seen is not None and index_digest(Path(where)) == seen
    return path in FREE_GOING_ON


def index_digest(shards: Path) -> str | None:
    """The sha256 of the index of a folder of shards, the same wherever it is copied to.

    None if there is none. An index says of every tar its size, which is looked at when the shards
    are opened, and of those that were packed here the content.
    """
    for name in INDEXES:
        if (shards / name).is_file():
            return file_digest(shards / name)
    return None


def _any_length(plain: Mapping[str, Any]) -> bool:
    """Whether no learning rate depends on how many steps there will be."""
    names = ["optimizer"]
    if plain.get("discriminator") is not None:
        names.append("discriminator_optimizer")
    return all(_at(plain, f"{name}.schedule") == "constant" for name in names)


def data_seen(folder: Path) -> dict[str, str]:
    """Digests of the shards' indexes that a run has noted, by the path of their key."""
    path = folder / DATA_SEEN
    found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return found


def data_named(plain: Mapping[str, Any]) -> dict[str, str]:
    """Folders of shards that a config names, by the path of their key."""
    return {path: where for path in DATA if isinstance(where := _at(plain, path), str)}


def _at(plain: Mapping[str, Any], path: str) -> Any:
    value: Any = plain
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


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
