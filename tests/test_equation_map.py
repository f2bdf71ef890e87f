"""docs/equation_map.md names every place of the paper, and what it names exists."""

import re
from dataclasses import fields, is_dataclass
from importlib import import_module

import pytest

from tests.documented import ROOT

TEXT = (ROOT / "docs/equation_map.md").read_text()
SYMBOLS = sorted(set(re.findall(r"`([a-z_][\w.]*:[A-Za-z_][\w.]*)`", TEXT)))
FILES = sorted(set(re.findall(r"`((?:configs|tests|docs)/[\w./-]+)`", TEXT)))
PLACES = {
    *(f"Table {n}" for n in (*range(3, 8), 1, 2)),
    *("Figure 1a", "Figure 1b, c", "Figure 2", "Figure 3", "Figure 4"),
    *("Figure 5a", "Figure 5b", "Figure 5c, d", "Figure 6"),
    *("Eq. 1", "3", "3.1", "3.2", "4.1", "4.2", "4.3", "4.4", "5", "1, 2"),
}
"""The paper has one numbered equation, seven tables and six figures."""


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_symbol_is_there(symbol: str) -> None:
    module, _, path = symbol.partition(":")
    found = import_module(module)
    *outer, last = path.split(".")
    for name in outer:
        found = getattr(found, name)
    of_dataclass = is_dataclass(found) and last in {field.name for field in fields(found)}
    assert of_dataclass or hasattr(found, last)


@pytest.mark.parametrize("file", FILES)
def test_a_file_is_there(file: str) -> None:
    assert (ROOT / file).is_file()


def test_every_place_of_the_paper_has_a_row() -> None:
    rows = [line.split("|")[1:-1] for line in TEXT.splitlines() if line.startswith("| ")]
    assert {row[0].strip() for row in rows} >= PLACES


def test_every_row_names_something_or_says_that_nothing_is_there() -> None:
    rows = [line.split("|")[1:-1] for line in TEXT.splitlines() if line.startswith("| ")]
    for place, what, where in rows:
        if place.strip() == "Paper":
            continue
        named = re.search(r"`[^`]+`|\*not there\*|below", where)
        assert named, (place, what)
