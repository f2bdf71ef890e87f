"""A study's plan for people: cells, what they share, how long it may take, and the commands."""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence

from launchers.studies.request import StudyRequest, taken
from pvvae.study.runs.gathering import is_done
from pvvae.study.spec.expansion import Task


def plan_lines(asked: StudyRequest, *, commands: bool) -> Iterator[str]:
    """What there is to do; with ``commands``, each cell and every run's command too."""
    expansion, study = asked.expansion, asked.study
    tasks = expansion.tasks
    done = {address for address, task in tasks.items() if is_done(task)}
    arms = len({tuple(cell.arm.items()) for cell in expansion.cells})
    seeds = len({cell.seed for cell in expansion.cells})
    size = f"{counted(arms, 'cell')} x {counted(seeds, 'seed')}"
    yield f"{study.title}: {size}, {counted(len(tasks), 'run')}"
    if commands:
        yield from _cells(asked, done)
    yield from _stages(asked, done)
    yield from _shared(asked)
    left = [task for address, task in tasks.items() if address not in done]
    yield estimate(asked, left, at_once=study.at_once)
    if commands:
        for task in left:
            yield shlex.join(["pvvae", *asked.command(task).words])
        yield f"# then {asked.folder}/index.html"


def _shared(asked: StudyRequest) -> Iterator[str]:
    """What other studies have run already."""
    for other, addresses in taken(asked.study, asked.expansion).items():
        if addresses:
            yield f"{counted(len(addresses), 'run')} of these lie in {other}"


def estimate(asked: StudyRequest, left: Sequence[Task], *, at_once: int) -> str:
    """How long the runs that are left may take: at the pace of those that are finished."""
    if not left:
        return "nothing left to run"
    number, pace = counted(len(left), "run"), asked.journal.pace()
    counts = Counter(task.stage for task in left)
    unknown = [stage for stage in counts if stage not in pace]
    seconds = sum(number * pace[stage] for stage, number in counts.items() if stage in pace)
    if len(unknown) == len(counts):
        return f"{number} left; how long is known once the first cell is finished"
    told = f"{number} left, about {hours(seconds / at_once)} at the pace of finished ones"
    return told + (f", without {', '.join(unknown)}, never run yet" if unknown else "")


def counted(number: int, what: str) -> str:
    """``1 run``, ``2 runs``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def hours(seconds: float) -> str:
    """In words."""
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def _cells(asked: StudyRequest, done: set[str]) -> Iterator[str]:
    for cell in asked.expansion.cells:
        left = sum(task.address not in done for task in cell.runs.values())
        state = f"{left} of {counted(len(cell.runs), 'run')} left" if left else "finished"
        yield f"  {cell.name}: {state}"


def _stages(asked: StudyRequest, done: set[str]) -> Iterator[str]:
    """One line a stage: how many runs serve how many cells."""
    expansion, study = asked.expansion, asked.study
    serves = Counter(stage for cell in expansion.cells for stage in cell.runs)
    runs: dict[str, list[str]] = {}
    for address, task in expansion.tasks.items():
        runs.setdefault(task.stage, []).append(address)
    for stage, addresses in runs.items():
        shared = f" for {serves[stage]} cells" if len(addresses) < serves[stage] else ""
        finished = sum(address in done for address in addresses)
        what = study.stages[stage].config or study.stages[stage].command
        number = counted(len(addresses), "run")
        yield f"  {stage}: {number}{shared}, {finished} finished    {what}"
