"""Docstrings and field docs stand without their neighbours, in words that a stranger knows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("arch", "pvvae", "stages", "launchers", "tools")
LEANING = ("Of ", "As ", "The same", "Its ", "Those ", "That ", "With ", "Them", "Also ", "Or ")
"""How a text begins that needs its neighbour to be understood."""
FORBIDDEN = re.compile(
    r"\b(whoever|whomever|nobody|somebody|so[ -]maniest|so many)\b", re.IGNORECASE
)
"""Words that leave out who or how many."""


def _texts(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of every docstring and of every string below a field or a constant."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text)), lineno=line):
                yield line, text


def _faults(source: str, *, name: str) -> list[str]:
    """One line (``file:line: what is wrong``) for each text that breaks the rule."""
    found = []
    for line, text in _texts(source):
        if text.lstrip().startswith(LEANING):
            start = " ".join(text.split()[:4])
            found.append(f"{name}:{line}: begin with a subject instead of {start!r}")
        for match in FORBIDDEN.finditer(text):
            at = line + text[: match.start()].count("\n")
            found.append(f"{name}:{at}: say who or how many instead of {match.group()!r}")
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_every_docstring_stands_alone(package: str) -> None:
    faults = [
        fault
        for file in sorted((ROOT / package).rglob("*.py"))
        for fault in _faults(file.read_text(), name=str(file.relative_to(ROOT)))
    ]
    assert not faults, "\n" + "\n".join(faults)


def test_a_fault_is_named_by_file_and_line() -> None:
    source = '"""A room.\n\nNobody is in it."""\nWIDTH = 2\n"""Of the door."""\n'
    assert _faults(source, name="room.py") == [
        "room.py:3: say who or how many instead of 'Nobody'",
        "room.py:5: begin with a subject instead of 'Of the door.'",
    ]
