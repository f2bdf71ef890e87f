"""``pvvae evaluate``: the paper's comparison tables, over any number of runs and peers."""

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from arch.ranges import Count
from launchers.arguments import GOES_ON, add_command, number
from launchers.outputs import add_overwrite, claim_folder

if TYPE_CHECKING:
    from launchers.arguments import Commands
    from launchers.tables.plan import TablePlan


def show_plan(plan: "TablePlan", *, commands: bool) -> None:
    """Print the title and what is missing; with ``commands``, every one as one would type it."""
    print(plan.title)
    for row in plan.rows:
        if row.missing:
            print(f"  {row.name}: {row.missing}")
    if commands:
        print("\n".join(shlex.join(["pvvae", *command.words]) for command in plan.commands))
        print(f"# then {plan.folder}/table.md, table.tex, table.json and {plan.page}", flush=True)


RECONSTRUCTION = """\
examples:
  pvvae evaluate reconstruction configs/tiny/tables/table2.yaml
  pvvae evaluate reconstruction configs/tables/table2.yaml clips=kinetics/val --processes 8
  pvvae evaluate reconstruction configs/tables/table2.yaml --dry-run

Table 2: rFVD, PSNR, SSIM and LPIPS at every size, speed and memory of every VAE under `subjects:`,
clips side by side with enlarged squares. Peers whose weights are not here are timed alone.
"""
GENERATION = """\
examples:
  pvvae evaluate generation configs/tiny/tables/table1.yaml
  pvvae evaluate generation configs/tables/table1.yaml --slurm slurm.partition=gpu

Table 1: FVD, KVD and Inception Score of samples, speed and memory of Latte's whole training step,
with the encoder in it and without. Samples are those of a run of stage generate (`samples:`), are
made from Latte first (`latte:`), or from the VAE alone: where a data set says how Latte learns it
(`learn:`), latents are extracted, Latte is trained on them, and samples are made. --dry-run lists
all of it, whether data and weights are here or not.
"""
BOTH = """\
Each number is a run below the table's folder. Given again, the command goes on from what is
finished; then it writes table.md, table.tex, table.json and index.html. Where a data set is not
here, packaged real clips stand in for it, and the title says so.
"""
EXAMPLE = "example:\n  pvvae evaluate reconstruction configs/tiny/tables/table2.yaml\n"


def add(commands: "Commands") -> None:
    """Declare the command and one for each table."""
    evaluate = add_command(
        commands,
        "evaluate",
        help="measure several VAEs and write the paper's tables",
        more=EXAMPLE,
        run=lambda _: 0,
        interrupted=GOES_ON,
    )
    inner = evaluate.add_subparsers(required=True, metavar="TABLE", parser_class=type(evaluate))
    for kind, more in (("reconstruction", RECONSTRUCTION), ("generation", GENERATION)):
        table = add_command(
            inner,
            kind,
            help=f"the table of {kind}",
            more=f"{more}\n{BOTH}",
            run=_evaluate,
            interrupted=GOES_ON,
        )
        table.set_defaults(kind=kind)
        table.add_argument("config", type=Path, metavar="CONFIG", help="see configs/tables")
        table.add_argument("overrides", nargs="*", metavar="key.path=value")
        table.add_argument(
            "--processes", type=number(Count), metavar="N", help="of every run but those of speed"
        )
        add_overwrite(table)
        table.add_argument("--slurm", action="store_true", help="submit every run as a job")
        table.add_argument(
            "--dry-run", action="store_true", help="print what would be done; do nothing"
        )


def _evaluate(arguments: argparse.Namespace) -> int:
    from launchers.tables.make import FIGURE, as_pipeline, check_runs, make_table, read_table

    asked = read_table(
        arguments.kind,
        arguments.config,
        arguments.overrides,
        processes=arguments.processes,
        whole=arguments.dry_run,
    )
    check_runs(asked)
    if arguments.slurm:
        from launchers.machines import slurm

        pipeline = as_pipeline(asked)
        jobs = slurm.plan(pipeline)
        if arguments.dry_run:
            print("\n".join(slurm.script(jobs, pipeline)))
        else:
            slurm.submit(jobs, pipeline)
        return 0
    show_plan(asked.plan, commands=arguments.dry_run)
    if arguments.dry_run:
        return 0
    claim_folder(
        asked.plan.folder,
        "pvvae evaluate of this folder",
        names=("index.html", "table.md", "table.tex", "table.json", FIGURE),
        overwrite=arguments.overwrite,
        ours=any(run.is_dir() for row in asked.plan.rows for run in row.runs.values()),
    )
    return make_table(asked)
