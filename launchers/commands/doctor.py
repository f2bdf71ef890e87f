"""``pvvae doctor``: whether this machine is right, before a long run."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from arch.ranges import Count, Range
from launchers.arguments import GOES_ON, add_command, number
from pvvae.errors import ConfigError

if TYPE_CHECKING:
    from launchers.arguments import Commands
    from pvvae.doctor.wanted import Wanted

EXAMPLE = """\
examples:
  pvvae doctor                                    this machine, in seconds
  pvvae doctor --json                             the same as JSON
  pvvae doctor configs/cnn/predictive.yaml        what this stage needs of it, half a minute
  pvvae doctor --accelerator --minutes 8          the checks of docs/gpu-checks.md; again goes on
  pvvae doctor --accelerator --only kernels i3d   some of them

Each line: ok, WRONG or - (nothing here depends on it), what was found, and what to do. The exit
status is 1 if anything is wrong. Writes a small file where the runs will be, and takes it away.
With a config only what its stage needs is asked, and whether it would begin; memory, disk and
hours are those of `pvvae plan`. --accelerator makes the checks that want a GPU, at tiny sizes
where there is none; each result is kept, by kind of machine, and the same line goes on.
"""

RESULTS = Path("runs/doctor.json")
"""Carried to another machine of the same kind, it goes on there."""


def add(commands: "Commands") -> None:
    """Declare the command."""
    doctor = add_command(
        commands,
        "doctor",
        help="say whether this machine is right",
        more=EXAMPLE,
        run=_doctor,
        interrupted=GOES_ON,
    )
    doctor.add_argument("config", type=Path, nargs="?", metavar="CONFIG", help="see pvvae configs")
    doctor.add_argument("overrides", nargs="*", metavar="key.path=value")
    doctor.add_argument(
        "--nodes", type=number(Count), default=1, metavar="N", help="like this one; default: 1"
    )
    doctor.add_argument(
        "--processes",
        type=number(Count),
        metavar="N",
        help="of a node; default: one for each GPU, or one",
    )
    doctor.add_argument(
        "--run",
        type=Path,
        metavar="FOLDER",
        help="where runs will be; default: the config's, or runs",
    )
    doctor.add_argument(
        "--no-plan", action="store_true", help="leave out memory, disk and hours of `pvvae plan`"
    )
    doctor.add_argument(
        "--accelerator", action="store_true", help="make the checks of docs/gpu-checks.md"
    )
    doctor.add_argument(
        "--minutes",
        type=number(Annotated[float, Range(0.0, 1e6, above=True)]),
        default=8.0,
        metavar="N",
        help="of --accelerator, for what is new; default: 8",
    )
    doctor.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", help="of --accelerator: these alone, again"
    )
    doctor.add_argument(
        "--results",
        type=Path,
        default=RESULTS,
        metavar="FILE",
        help=f"of --accelerator; default: {RESULTS}",
    )
    doctor.add_argument(
        "--page", type=Path, metavar="FILE", help="of --accelerator: write all results as Markdown"
    )
    doctor.add_argument("--json", action="store_true", help="print plain data")


def _doctor(arguments: argparse.Namespace) -> int:
    if arguments.accelerator:
        return _accelerator(arguments)
    import json
    import sys
    from contextlib import redirect_stdout

    from pvvae.doctor.examine import data, examine, is_right, line

    findings, out = [], sys.stdout
    with redirect_stdout(sys.stderr):  # DeepSpeed prints as it is imported
        for finding in examine(_wanted(arguments)):
            findings.append(finding)
            if not arguments.json:
                print(line(finding), file=out, flush=True)
    if arguments.json:
        print(json.dumps(data(findings), indent=1))
    return 0 if is_right(findings) else 1


def _accelerator(arguments: argparse.Namespace) -> int:
    import dataclasses
    import json

    from launchers.doctor.catalog import named
    from launchers.doctor.give import give

    if arguments.config is not None:
        raise ConfigError("doctor: --accelerator takes no config; give one of them")
    checks, results = named(arguments.only), []
    again = bool(arguments.only)
    for check, found in give(checks, arguments.results, minutes=arguments.minutes, again=again):
        results.append(found)
        if not arguments.json:
            state, what = ("left", check.asks) if found is None else (found.state, found.figure)
            print(f"{state:<18}{check.name:<24} {what}", flush=True)
    if arguments.json:
        plain = [found and dataclasses.asdict(found) for found in results]
        print(json.dumps(dict(zip((c.name for c in checks), plain, strict=True)), indent=1))
    if arguments.page is not None:
        from launchers.doctor.page import page
        from launchers.doctor.results import read_results
        from pvvae.files import write_text

        write_text(arguments.page, page(named([]), read_results(arguments.results)))
    left = sum(found is None or found.state == "unfinished" for found in results)
    if left and not arguments.json:
        print(f"{left} of {len(results)} left; the same command goes on")
    return 1 if any(found and found.state == "fail" for found in results) else 0


def _wanted(arguments: argparse.Namespace) -> "Wanted":
    from dataclasses import replace

    from pvvae.doctor.wanted import RUNS, Wanted

    run, processes = arguments.run, arguments.processes
    if arguments.config is None:
        return Wanted(run=run or RUNS, processes=processes)
    from launchers.commands.plan import FRACTION
    from pvvae.doctor.devices import processes_here
    from pvvae.doctor.stage import wanted_by, with_plan
    from stages import decoder_finetune, program

    _, config = program.load(arguments.config, arguments.overrides)
    number = processes or processes_here(Wanted())
    wanted = wanted_by(config, processes=number, nodes=arguments.nodes)
    freeze = isinstance(config, decoder_finetune.Config)
    if not arguments.no_plan:
        wanted = with_plan(wanted, freeze_encoder=freeze, fraction=FRACTION)
    return wanted if run is None else replace(wanted, run=run)
