"""Numbers on a command line have ranges as those of configs do."""

import argparse
from collections.abc import Iterator

import pytest

from arch.ranges import Count, Share
from launchers import cli
from launchers.arguments import number


def options(
    parser: argparse.ArgumentParser, path: str = ""
) -> Iterator[tuple[str, argparse.Action]]:
    """Every option of every command, with the command's words."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield from options(inner, f"{path} {name}")
        else:
            yield path, action


def test_no_option_takes_a_number_without_a_range() -> None:
    found = list(options(cli.parser()))
    kinds = {f"{path} {action.dest}": action.type for path, action in found}
    assert [where for where, kind in kinds.items() if kind in (int, float)] == []
    ranged = [action for _, action in found if _is_number(action.type)]
    assert len(ranged) > 60
    for action in ranged:
        assert callable(action.type)
        for word in ("nan", "inf", "-inf", "-1", "1e300", "1" + 400 * "0", "many"):
            with pytest.raises(argparse.ArgumentTypeError, match=r"^must be "):
                action.type(word)


def _is_number(kind: object) -> bool:
    return getattr(kind, "__qualname__", "").startswith(number.__name__)


def test_a_number_is_read_as_its_kind() -> None:
    assert (number(Count)("12"), number(Share)("1e-3")) == (12, 0.001)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--num", "0"], "--num: must be at least 1, got 0"),
        (["--num", "9" * 12], "--num: must be at most 1,000,000,000, got 999999999999"),
        (["--steps", "-5"], "--steps: must be at least 1, got -5"),
        (["--guidance", "nan"], "--guidance: must be at least 0, got nan"),
        (["--seed", "-1"], "--seed: must be at least 0, got -1"),
    ],
)
def test_sizes_of_sample_without_sense_are_one_line(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["sample", "--run", "runs/latte", *words]) == 2
    line = capsys.readouterr().err
    assert told in line and line.count("\n") == 1
