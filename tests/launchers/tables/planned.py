"""The commands of a table's plan, for comparing."""

from launchers.tables.plan import TablePlan


def all_words(plan: TablePlan) -> tuple[tuple[str, ...], ...]:
    """Every command as one would type it, without ``pvvae``."""
    return tuple(command.words for command in plan.commands)


def short(words: tuple[str, ...]) -> tuple[str, str]:
    """A command's stage and run folder."""
    return words[1].rpartition("/")[2].removesuffix(".yaml"), words[2].removeprefix("run=")
