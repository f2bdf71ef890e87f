"""Every file and folder of the project that README and docs name is there."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")))
ROOMS = "arch|configs|docs|launchers|pvvae|stages|tests|tools"
NAMED = re.compile(rf"`((?:{ROOMS})/[\w./-]*|[\w./-]+\.(?:md|py|sbatch|sh))`")
BASES = (Path(), Path("docs"), Path("pvvae"))
"""What a path may be relative to, apart from the folder of the file named before it."""
ELSEWHERE = {"arch/unet.py", "configs/tiny/unet/backbone.yaml", "stages/NAME.py", "table.md"}
"""Files of the reader's own, and of a run."""


def _missing(text: str) -> list[str]:
    """Paths in ``text`` that name nothing; a bare name lies beside what its line names before."""
    found = []
    for line in text.splitlines():
        beside = Path()
        for path in NAMED.findall(line):
            places = [base / path for base in (*BASES, beside) if (ROOT / base / path).exists()]
            if places and "/" in path:
                beside = places[0] if path.endswith("/") else places[0].parent
            elif not places and path not in ELSEWHERE:
                found.append(path)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_is_there(page: str) -> None:
    assert _missing((ROOT / page).read_text()) == []


ALL = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))
LINK = re.compile(r"\]\((?!https?:|#)([^)\s#]+)")


@pytest.mark.parametrize("page", sorted({*PAGES, *ALL}))
def test_no_link_and_no_picture_of_a_page_is_dead(page: str) -> None:
    beside = (ROOT / page).parent
    links = LINK.findall((ROOT / page).read_text())
    assert [link for link in links if not (beside / link).exists()] == []


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    there = {path.name for path in (ROOT / "docs").glob("*.md")} | {"results/LOG.md"}
    site = tomllib.loads((ROOT / "zensical.toml").read_text())
    assert sorted(_pages(site["project"]["nav"])) == sorted(there)


def _pages(nav: list[dict[str, Any]]) -> list[str]:
    """Pages of a navigation, in the order of it."""
    found = []
    for entry in nav:
        for value in entry.values():
            found += [value] if isinstance(value, str) else _pages(value)
    return found


def test_a_name_that_leads_nowhere_is_found() -> None:
    text = "| a | `pvvae/engine/in_order.py` |\n| b | `pvvae/run/folder.py`, `run.py`, `gone.py` |"
    assert _missing(text) == ["pvvae/engine/in_order.py", "gone.py"]
