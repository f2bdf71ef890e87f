"""``pvvae study``: a study's file, from its runs to its page."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from arch.ranges import Count, Seed
from launchers.arguments import GOES_ON, add_command, number
from launchers.outputs import add_overwrite, claim_folder
from pvvae.errors import ConfigError

if TYPE_CHECKING:
    from launchers.arguments import Commands
    from launchers.studies.request import StudyRequest

EXAMPLE = """\
examples:
  pvvae study configs/studies/tiny/table4.yaml --dry-run     cells, shared runs, time, commands
  pvvae study configs/studies/tiny/table4.yaml --at-once 2   run it; the same line goes on
  pvvae study configs/studies/table4.yaml --slurm slurm.partition=gpu slurm.at_once=8
  pvvae study configs/studies/table4.yaml --seeds 0 1 2 3    a fourth seed, nothing repeated
  pvvae study configs/studies/table4.yaml --report           the page, from what is there

A file names stages, factors that change them, seeds and what is measured. Each run is addressed by
what it is made of: what cells have in common is run once, and what another study under `shares` has
finished is taken from there. A run that fails is tried again; then its cells are marked, and the
others go on. The page is FOLDER/index.html.

If a config was changed after cells were run, their outcomes are stale: --rerun runs those cells
again, as far as --seeds and --only ask for them; --accept leaves them, marked, and goes on with the
others.
"""


def add(commands: "Commands") -> None:
    """Declare the command."""
    study = add_command(
        commands,
        "study",
        help="run a study's cells and write its page",
        more=EXAMPLE,
        run=_study,
        interrupted=GOES_ON,
    )
    study.add_argument("file", type=Path, metavar="FILE", help="see configs/studies")
    study.add_argument("overrides", nargs="*", metavar="key.path=value")
    study.add_argument(
        "--seeds", type=number(Seed), nargs="+", metavar="N", help="in the file's place"
    )
    study.add_argument("--only", metavar="CELL", help="cells with this in their name")
    study.add_argument("--at-once", type=number(Count), metavar="N", help="runs at the same time")
    study.add_argument("--processes", type=number(Count), metavar="N", help="of every run")
    study.add_argument("--slurm", action="store_true", help="submit runs as arrays of jobs")
    study.add_argument("--dry-run", action="store_true", help="print what would be done")
    study.add_argument("--report", action="store_true", help="run nothing; write the page")
    stale = study.add_mutually_exclusive_group()
    stale.add_argument("--rerun", action="store_true", help="run stale cells again")
    stale.add_argument(
        "--accept", action="store_true", help="leave stale cells as they are, marked"
    )
    add_overwrite(study)


def _study(arguments: argparse.Namespace) -> int:
    from launchers.studies.request import read
    from launchers.studies.show import plan_lines
    from pvvae.study.spec.expansion import RUNS

    overrides = list(arguments.overrides)
    if arguments.at_once is not None:
        overrides.append(f"at_once={arguments.at_once}")
    asked = read(arguments.file, overrides, seeds=arguments.seeds, only=arguments.only)
    if arguments.slurm:
        return _slurm(asked, arguments)
    print("\n".join(plan_lines(asked, commands=arguments.dry_run)), flush=True)
    if arguments.dry_run:
        return 0
    claim_folder(
        asked.folder,
        "pvvae study of this folder",
        names=("index.html", "study.json", "study.md", "runs.csv", "plots/*.svg"),
        overwrite=arguments.overwrite,
        ours=(asked.folder / RUNS).is_dir(),
    )
    if arguments.report:
        return _report(asked)
    return _run(_fresh(asked, arguments), asked, arguments)


def _fresh(asked: "StudyRequest", arguments: argparse.Namespace) -> "StudyRequest":
    """The study without the cells that stay stale.

    Raises:
        ConfigError: if there are stale ones, and nothing was said of them.
    """
    from dataclasses import replace

    from pvvae.study.runs.gathering import stale_cells
    from pvvae.study.spec.expansion import Expansion

    stale = stale_cells(asked.study, asked.whole.cells)
    if not stale or arguments.rerun:
        return asked
    if not arguments.accept:
        name, why = next(iter(stale.items()))
        more = f" and {len(stale) - 1} more" if len(stale) > 1 else ""
        raise ConfigError(
            f"{arguments.file}: the study has changed since cell {name!r}{more} was run: {why}; "
            "--rerun runs such cells again if they are asked for, --accept leaves them, marked as "
            "stale"
        )
    cells = tuple(cell for cell in asked.expansion.cells if cell.name not in stale)
    return replace(asked, expansion=Expansion(cells=cells))


def _run(fresh: "StudyRequest", asked: "StudyRequest", arguments: argparse.Namespace) -> int:
    from launchers.machines.local import check_machines
    from launchers.studies.local import run_study

    processes = check_machines(processes=arguments.processes, hostfile=None)
    if asked.study.at_once > 1 and arguments.processes is None:
        processes = 1
    status = run_study(fresh, at_once=asked.study.at_once, processes=processes)
    if status in (0, 1):
        _report(asked, mark=True)
    return status


def _report(asked: "StudyRequest", *, mark: bool = False) -> int:
    """Write the outcomes of runs that have ended, and the page.

    Outcomes of other runs stay as they are, unless ``mark`` says that they are to be marked stale:
    the page says of them that they are, either way.
    """
    from launchers.studies.flops import TrainingFlops
    from pvvae.report.study.page import write_study_page
    from pvvae.study.outcomes import file_name, read_outcomes, write_outcome
    from pvvae.study.runs.gathering import found_now

    arithmetic = TrainingFlops(asked.folder)
    found = {file_name(one.arm, one.seed): one for one in read_outcomes(asked.folder)}
    for cell in asked.whole.cells:
        outcome = found_now(asked.study, cell, asked.journal, flops=arithmetic.of)
        if outcome is None:
            continue
        found[file_name(cell.arm, cell.seed)] = outcome
        if mark or not outcome.stale:
            write_outcome(asked.folder, outcome)
    outcomes = [found[name] for name in sorted(found)]
    print(write_study_page(asked.reported, outcomes, asked.folder, command=asked.again))
    return 0


def _slurm(asked: "StudyRequest", arguments: argparse.Namespace) -> int:
    from launchers.studies import arrays

    if arguments.dry_run:
        print("\n".join(arrays.script(asked)))
    else:
        arrays.submit(_fresh(asked, arguments))
    return 0
