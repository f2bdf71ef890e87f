"""Kill a run again and again, and see that nothing is lost: ``make soak``.

    python -m tools.soak [FOLDER] [--kills 50] [--seed 0]

A short run with GAN, averages, two slots a process, mixed resolutions and a checkpoint every other
step is trained once undisturbed, by two processes. Then the same command is killed with SIGKILL,
all of its processes or one of the two that train, while it starts, trains or writes a checkpoint,
and given again; when it has finished another begins, until there were enough kills. After every
start the step it goes on from must be the newest complete checkpoint's; every finished run must
equal the undisturbed one: weights, every process's part of the checkpoint, lines of metrics.jsonl
without their times. May be stopped, and goes on by the same command; its notes are in
FOLDER/kills.jsonl. Exits with status 1 at the first thing that is not as it must be.
"""

import argparse
import contextlib
import json
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from launchers.bench.toy_data import make_shards
from pvvae.run.folder import checkpoint_folders, is_finished, step_of_folder
from tools.killing import PATIENCE, BrokenRunError, partials, slay, until

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "configs/tiny/cnn/predictive.yaml"
BUCKETS = (
    "[{frames: 9, height: 32, width: 32, batch: 1}, {frames: 5, height: 48, width: 32, batch: 2}]"
)
SETTINGS = (
    "steps=20",
    "init=null",
    "data.slots=4",
    f"data.buckets={BUCKETS}",
    "held_out={clips: 1, frames: 9, height: 32, width: 32}",
    "backbone.encoder_channels=[8, 8, 16, 32, 64]",
    "backbone.decoder_channels=[8, 8, 16, 32, 64]",
    "discriminator.channels=8",
    "objective.gan_start=4",
    "objective.discriminator_warmup=2",
    "engine.ema_decay=0.9",
    "loop={log_every: 1, evaluate_every: 10, checkpoint_every: 2}",
)
MOMENTS = {"starting": 1, "training": 4, "writing": 5}
"""What a run is killed at, by how often. Ours: half of them in the few moments that are hardest."""


@dataclass(frozen=True)
class Kill:
    """One kill, as noted down."""

    number: int
    run: str
    moment: str
    victim: str
    """``all`` processes or ``one`` that trains."""
    went_on_from: int | None
    """None if it was killed before it could say."""
    had: int
    """Newest complete checkpoint before this start, 0 for none."""
    left: int
    """Newest complete checkpoint after the kill, 0 for none."""
    half_written: bool
    """Whether the kill left a checkpoint half written."""


def main() -> int:
    """Exit status 0 if everything held, 1 if not."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("runs/soak"))
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    words = parser.parse_args()
    try:
        soak(words.folder.resolve(), kills=words.kills, seed=words.seed)
    except KeyboardInterrupt:
        print("soak: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    except BrokenRunError as broken:
        print(f"soak: {broken}", file=sys.stderr)
        return 1
    return 0


def soak(folder: Path, *, kills: int, seed: int) -> None:
    """All of it, from wherever ``folder`` stands.

    Raises:
        BrokenRunError: at the first thing that is not as it must be.
    """
    shards = make_shards(folder / "material")
    whole = folder / "whole"
    if not is_finished(whole):
        print("the undisturbed run", flush=True)
        finish(whole, shards)
    notes = folder / "kills.jsonl"
    done = [Kill(**json.loads(x)) for x in notes.read_text().splitlines()] if notes.exists() else []
    runs = 1 + sum(is_finished(run) for run in folder.glob("killed_*"))
    while len(done) < kills:
        run = folder / f"killed_{runs}"
        kill = kill_once(run, shards, number=len(done) + 1, seed=seed)
        if kill is None:  # it finished first
            same(run, whole)
            runs += 1
            continue
        done.append(kill)
        with notes.open("a") as file:
            file.write(json.dumps(asdict(kill)) + "\n")
        print(told(kill), flush=True)
    run = folder / f"killed_{runs}"
    if run.exists() and not is_finished(run):
        finish(run, shards)
    for run in sorted(folder.glob("killed_*/")):
        same(run, whole)
    print(summary(done, runs))


def kill_once(run: Path, shards: Path, *, number: int, seed: int) -> Kill | None:
    """Give the command and kill it at some moment; None if the run finished before that came.

    Raises:
        BrokenRunError: if it went on from anything but the newest complete checkpoint, or ended
            by itself.
    """
    draw = random.Random(f"{seed} {number}")
    moment = draw.choices(list(MOMENTS), list(MOMENTS.values()))[0]
    victim = draw.choice(("all", "one"))
    had, log = newest(run), run.with_name(f"{run.name}.log")
    stale = {*partials(run)}  # until the next checkpoint what an earlier kill has left lies there
    with log.open("w") as file, running(run, shards, file) as process:
        came = until(moment, run, process, draw)
        went_on = went_on_from(log)
        if came:
            slay(process, victim, draw)
    if not came:
        if not is_finished(run):
            raise BrokenRunError(
                f"{run}: ended by itself with status {process.returncode}; see {log}"
            )
        return None
    if went_on is not None and went_on != had:
        raise BrokenRunError(
            f"{run}: went on from step {went_on}, there was a checkpoint of step {had}"
        )
    left = newest(run)
    if left < had:
        raise BrokenRunError(
            f"{run}: the newest checkpoint was of step {had}, after a kill of step {left}"
        )
    half = bool({*partials(run)} - stale)
    return Kill(number, run.name, moment, victim, went_on, had, left, half)


@contextlib.contextmanager
def running(run: Path, shards: Path, log: IO[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """The command, in the background; it does not outlive this, whatever happens."""
    words = [f"run={run}", f"data.train={shards}", f"data.held_out={shards}", *SETTINGS]
    command = [sys.executable, "-m", "launchers", "train", str(CONFIG), "--processes", "2", *words]
    process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        yield process
    finally:
        if process.poll() is None:
            slay(process, "all", random.Random())


def finish(run: Path, shards: Path) -> None:
    """The command, to its end.

    Raises:
        BrokenRunError: if it does not come to it.
    """
    log = run.with_name(f"{run.name}.log")
    with log.open("w") as file, running(run, shards, file) as process:
        status = process.wait(PATIENCE)
    if status or not is_finished(run):
        raise BrokenRunError(f"{run}: ended with status {status}; see {log}")


def newest(run: Path) -> int:
    """Step of the newest complete checkpoint, 0 if there is none."""
    saved = checkpoint_folders(run / "checkpoints")
    return step_of_folder(saved[-1]) if saved else 0


def went_on_from(log: Path) -> int | None:
    """The step that a run said it goes on from; 0 if it has begun from nothing."""
    text = log.read_text(errors="replace")
    said = re.search(r"going on from step (\d+)", text)
    if said:
        return int(said.group(1))
    return 0 if "step 1 of" in text else None


def same(run: Path, whole: Path) -> None:
    """Refuse a run that differs from the undisturbed one.

    Raises:
        BrokenRunError: naming the first file that differs.
    """
    if lines(run) != lines(whole):
        raise BrokenRunError(f"{run}: metrics.jsonl is not as if it had not been killed")
    last = [checkpoint_folders(x / "checkpoints")[-1] for x in (whole, run)]
    for path in sorted(last[0].rglob("*.safetensors")):
        other = last[1] / path.relative_to(last[0])
        if not other.exists() or other.read_bytes() != path.read_bytes():
            raise BrokenRunError(f"{other}: is not as if the run had not been killed")
    print(f"{run.name}: finished; weights, states and metrics as undisturbed", flush=True)


def lines(run: Path) -> list[dict[str, object]]:
    """Lines of metrics.jsonl, without what depends on the clock."""
    found = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "times"} for line in found]


def told(kill: Kill) -> str:
    """One line."""
    half = ", a checkpoint half written" if kill.half_written else ""
    began = "before it said" if kill.went_on_from is None else f"from step {kill.went_on_from}"
    return (
        f"kill {kill.number}: {kill.run}, {kill.moment}, {kill.victim}; went on {began}; "
        f"checkpoint {kill.had} -> {kill.left}{half}"
    )


def summary(kills: list[Kill], runs: int) -> str:
    """All kills in a few lines."""
    moments, victims = (Counter(getattr(k, name) for k in kills) for name in ("moment", "victim"))
    counts = [f"{n} {what}" for what, n in (moments + victims).items()]
    half = sum(kill.half_written for kill in kills)
    said = sum(kill.went_on_from is not None for kill in kills)
    return (
        f"{len(kills)} kills in {runs} runs: {', '.join(counts)}; {half} left a checkpoint half "
        f"written; {said} starts said where they went on from, always the newest checkpoint"
    )


if __name__ == "__main__":
    sys.exit(main())
