"""The wandb mirror of a run's metrics. ``metrics.jsonl`` is the record; this is a convenience.

A run that goes on from a checkpoint, or back to one, makes lines of steps that it has been at
before. wandb's own step only grows, and what comes with a lower one is dropped; so ours is a value
like others, named as the axis of all of them. A curve then shows every attempt: what a resumed run
repeats lies on what was there, and where a run went back to a checkpoint it forks.
"""

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pvvae.errors import ConfigError
from pvvae.files import write_text

FILE = "wandb_id"
"""In the run folder."""
STEP = "step"
"""What wandb is told to draw everything over."""


@dataclass(frozen=True, kw_only=True)
class TrackingConfig:
    """Whether and where wandb keeps a copy."""

    wandb: Literal["disabled", "offline", "online"] = "disabled"
    """``online`` needs an account (``wandb login``); without one it is an error, never a prompt."""
    project: str = "pvvae"
    """wandb project."""


class Tracker:
    """Mirrors metrics and videos to wandb; does nothing when disabled."""

    def __init__(self, config: TrackingConfig, *, folder: Path, settings: dict[str, Any]) -> None:
        """Open (or go on with) the wandb run of ``folder``.

        Raises:
            ConfigError: for ``online`` without an account.
        """
        self._run: Any = None
        if config.wandb == "disabled":
            return
        import wandb

        if config.wandb == "online" and not wandb.api.api_key:
            raise ConfigError(
                "tracking.wandb: online needs an account; run `wandb login`, "
                "or use offline or disabled"
            )
        self._run = wandb.init(
            project=config.project,
            name=folder.name,
            id=_identity(folder),
            resume="allow",
            dir=folder,
            mode=config.wandb,
            config=settings,
            settings=wandb.Settings(console="off", silent=True),
        )
        self._run.define_metric(STEP)
        self._run.define_metric("*", step_metric=STEP)

    def log(self, step: int, values: dict[str, Any]) -> None:
        """Numbers of one step; of a list its histogram."""
        if self._run is not None:
            import wandb

            shown = {
                name: wandb.Histogram(value) if isinstance(value, list) else value
                for name, value in values.items()
            }
            self._run.log({STEP: step, **shown})

    def video(self, step: int, name: str, path: Path) -> None:
        """A video file as a sample of one step."""
        if self._run is not None:
            import wandb

            self._run.log({STEP: step, name: wandb.Video(str(path), format="mp4")})

    def close(self) -> None:
        """Finish the wandb run."""
        if self._run is not None:
            self._run.finish()


def _identity(folder: Path) -> str:
    """The wandb id of a run: drawn once and kept in its folder, so that it moves with the run.

    A path says nothing: another run may have been there before, or be there on another machine.
    """
    path = folder / FILE
    if path.exists():
        return path.read_text().strip()
    # Runs begun before ids were kept have theirs in the names of wandb's own folders.
    begun = sorted((folder / "wandb").glob("*run-*-*"), key=lambda found: found.name.split("-")[-2])
    identity = begun[-1].name.split("-")[-1] if begun else uuid.uuid4().hex
    write_text(path, f"{identity}\n")
    return identity
