"""The run folder: what a run did is in it, and the same command goes on from it.

config.yaml  metrics.jsonl  checkpoints/  samples/  provenance.json  finished.json
and, where there was reason, data.json, progress.json, measured/, stalls/ and profile/
"""

import json
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from arch.ranges import Seed
from pvvae import config as codec
from pvvae import distributed
from pvvae.files import raise_if_unwritable, write_json, write_text
from pvvae.run.folder import (
    DATA_SEEN,
    changes,
    check_same_config,
    data_named,
    data_seen,
    index_digest,
    is_finished,
    is_longer,
    step_of,
)
from pvvae.run.process_lifetime import lock_folder
from pvvae.run.progress_bar import say
from pvvae.run.tracking import Tracker, TrackingConfig


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """What every stage's config has."""

    run: str
    """The run folder; the same command goes on from what is in it."""
    seed: Seed = 0
    """All randomness of the run."""
    plugins: tuple[str, ...] = ()
    """Python files that register networks, relative to the YAML that names them."""
    tracking: TrackingConfig = TrackingConfig()

    def check(self, processes: int) -> None:
        """Refuse, before anything is launched or built, what this many processes cannot run.

        Raises:
            ConfigError: naming the key or the folder.
        """


class Run:
    """One run folder, held by this process for as long as it lives."""

    def __init__(self, config: RunConfig, *, stage: str) -> None:
        """Open or create the folder. Only the main process writes; all check.

        Raises:
            ConfigError: if the folder was made with another config, or another process holds it.
        """
        self.folder = Path(config.run)
        self.stage = stage
        self._plain = {"stage": stage, **codec.encode(config)}
        self._tracker: Tracker | None = None
        check_same_config(self.folder, self._plain)
        distributed.from_main(lambda: self._open(config.tracking))

    def _open(self, tracking: TrackingConfig) -> None:
        """Take the folder, on the main process."""
        self._lock = lock_folder(self.folder)
        changed = changes(self.folder, self._plain)
        if changed:
            self._note(changed)
        write_text(self.folder / "config.yaml", yaml.safe_dump(self._plain, sort_keys=False))
        if not (self.folder / "provenance.json").exists():
            write_json(self.folder / "provenance.json", provenance())
        self._see_data()
        self._tracker = Tracker(tracking, folder=self.folder, settings=self._plain)

    def _note(self, changed: list[str]) -> None:
        """Keep, with the run's provenance, that it goes on under another config."""
        path = self.folder / "provenance.json"
        known = json.loads(path.read_text()) if path.exists() else provenance()
        line = {"command": " ".join(sys.argv), "at": _clock(), "keys": changed}
        write_json(path, known | {"changes": [*known.get("changes", []), line]})
        for key in changed:
            say(f"{self.folder}: goes on with another {key}")
        if is_longer(self.folder, self._plain):
            (self.folder / "finished.json").unlink(missing_ok=True)

    def _see_data(self) -> None:
        """Note which shards these are, so that the run knows them again elsewhere."""
        seen = data_seen(self.folder)
        named = data_named(self._plain).items()
        new = {path: index_digest(Path(where)) for path, where in named if path not in seen}
        found = {path: digest for path, digest in new.items() if digest is not None}
        if found:
            write_json(self.folder / DATA_SEEN, seen | found)

    @property
    def checkpoints(self) -> Path:
        """Folder of checkpoints."""
        return self.folder / "checkpoints"

    @property
    def finished(self) -> bool:
        """Whether the run is complete."""
        return is_finished(self.folder)

    def log(self, step: int, kind: str, values: dict[str, Any], *, times: dict[str, float]) -> None:
        """Append one line to metrics.jsonl; what depends on the clock goes into ``times``."""
        if not distributed.is_main():
            return
        line = {"step": step, "kind": kind, **values, "times": times}
        path = self.folder / "metrics.jsonl"
        try:
            with path.open("a") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise_if_unwritable(error, path)
            raise
        assert self._tracker is not None
        self._tracker.log(
            step, {f"{kind}/{name}": value for name, value in (values | times).items()}
        )

    def log_video(self, step: int, name: str, path: Path) -> None:
        """Mirror a sample video."""
        if self._tracker is not None:
            self._tracker.video(step, name, path)

    def rewind(self, step: int) -> None:
        """Forget the metrics after ``step``: they will be made again."""
        path = self.folder / "metrics.jsonl"
        if not distributed.is_main() or not path.exists():
            return
        lines = path.read_text().splitlines(keepends=True)
        kept = [line for line in lines if (at := step_of(line)) is not None and at <= step]
        write_text(path, "".join(kept))

    def write_metrics(self, lines: list[dict[str, Any]]) -> None:
        """Replace metrics.jsonl by ``lines``: for stages whose lines come out of order."""
        if distributed.is_main():
            write_text(self.folder / "metrics.jsonl", "".join(json.dumps(x) + "\n" for x in lines))

    def finish(self, facts: dict[str, Any]) -> None:
        """Mark the run complete, with the facts worth keeping."""
        if distributed.is_main():
            write_json(self.folder / "finished.json", facts)
        self.close()

    def close(self) -> None:
        """Let go of the folder and of wandb."""
        if self._tracker is not None:
            self._tracker.close()
            self._lock.close()


def provenance() -> dict[str, Any]:
    """Where a run comes from: command, code, versions, machine."""
    packages = ("torch", "deepspeed", "numpy", "lpips", "webdataset")
    return {
        "command": " ".join(sys.argv),
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
        "processes": distributed.world_size(),
        "started": _clock(),
    }


def _clock() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _commit() -> str | None:
    root = Path(__file__).resolve().parents[2]
    found = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or None
