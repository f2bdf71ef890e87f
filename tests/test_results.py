"""Committed outcomes are enough to make a study's page again, with the README's numbers."""

import re
from pathlib import Path

import pytest

from launchers import cli
from pvvae.study.outcomes import read_outcomes
from tests.processes import ROOT

RESULTS = ROOT / "docs" / "results"
STUDIES = sorted(path.parent for path in RESULTS.glob("*/README.md"))
COMMAND = re.compile(r"pvvae study (configs/[\w/]+\.yaml) folder=(docs/results/[\w-]+) --report")
CHANGE = re.compile(r"[−\d.,]+%? (?:dB )?\[[−\d., ]+\]")
"""A change with its interval, as pages have it: −32% [27, 37]."""


@pytest.mark.parametrize("folder", STUDIES, ids=lambda path: path.name)
def test_a_page_is_made_from_the_committed_outcomes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    readme = (folder / "README.md").read_text()
    command = COMMAND.search(readme)
    assert command is not None
    assert ROOT / command[2] == folder
    (tmp_path / "outcomes").symlink_to(folder / "outcomes")
    assert cli.main(["study", command[1], f"folder={tmp_path}", "--report"]) == 0
    page = (tmp_path / "study.md").read_text()
    outcomes = read_outcomes(folder)
    assert f"{len(outcomes)} of {len(outcomes)} runs" in page.replace("runs (", "runs (")
    answers = readme.split("## What it says")[0]
    found = CHANGE.findall(answers.replace("\\", ""))
    assert [change for change in found if change not in page.replace("\\", "")] == []


def test_every_result_has_its_paragraph_in_the_log() -> None:
    log = (RESULTS / "LOG.md").read_text()
    pages = [f"{folder.name}/README.md" for folder in STUDIES]
    pages += [path.name for path in RESULTS.glob("2026-*.md")]
    assert [page for page in pages if f"({page})" not in log] == []
