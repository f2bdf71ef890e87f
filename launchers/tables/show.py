"""A table's plan for people."""

import shlex

from launchers.tables.plan import Plan


def show_plan(plan: Plan, *, commands: bool) -> None:
    """Print the title and what is missing; with ``commands``, every one as one would type it."""
    print(plan.title)
    for row in plan.rows:
        if row.missing:
            print(f"  {row.name}: {row.missing}")
    if commands:
        print("\n".join(shlex.join(["pvvae", *words]) for words in plan.commands))
        print(f"# then {plan.folder}/table.md, table.tex, table.json and {plan.page}", flush=True)
