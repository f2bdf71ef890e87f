"""The page of a study and what lies beside it."""

import csv
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pvvae.report.study.page import write_study_page
from pvvae.study.answers.analysis import analyse
from pvvae.study.outcomes import Outcome
from pvvae.study.spec.entries import Answer, MeasureEntry
from pvvae.study.spec.study import Study
from tests.pvvae.report.timeless import VOID, without_times
from tests.pvvae.study.made_up import (
    BASELINE,
    GFVD_ENTRY,
    QUESTION,
    cost_outcomes,
    cost_question,
    outcomes,
    scaling_outcomes,
    scaling_question,
    whole_study,
)

COMMAND = "pvvae study two.yaml"
STUDIES = {
    "table": (QUESTION, whole_study()),
    "nothing": (QUESTION, []),
    "scaling": (scaling_question(), scaling_outcomes()),
    "pareto": (cost_question(), cost_outcomes()),
    "correlation": (
        replace(QUESTION, answer=Answer(kind="correlation", x="psnr", y="gfvd")),
        whole_study(),
    ),
    "curves": (replace(cost_question(), answer=Answer(kind="curves", y="gfvd")), cost_outcomes()),
}


class Balanced(HTMLParser):
    """Fails where an element is not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(("question", "found"), STUDIES.values(), ids=STUDIES)
def test_a_page_is_whole_and_needs_nothing_else(
    question: Study, found: list[Outcome], tmp_path: Path
) -> None:
    page = write_study_page(question, found, tmp_path).read_text()
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    assert page.index("<h2>Table") > page.index(question.title)


@pytest.fixture(scope="module")
def scaling(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a study of sizes."""
    folder = tmp_path_factory.mktemp("scaling")
    write_study_page(*STUDIES["scaling"], folder)
    return folder


def test_the_same_outcomes_in_any_order_give_the_same_files(scaling: Path, tmp_path: Path) -> None:
    question, found = STUDIES["scaling"]
    write_study_page(question, found[::-1], tmp_path)
    assert files(scaling) == files(tmp_path)


def test_the_answer_stands_before_the_table_and_gaps_are_named(tmp_path: Path) -> None:
    page = write_study_page(QUESTION, whole_study(), tmp_path, command=COMMAND).read_text()
    answer = analyse(QUESTION, whole_study()).claims[0].sentence
    assert 0 < page.index(answer) < page.index("<h2>Table")
    assert "+ predictive: seed 2 failed: latte: out of memory" in page
    assert "2 of 3 seeds" in page
    assert COMMAND in page


def test_failed_and_stale_runs_are_listed_and_in_no_mean(tmp_path: Path) -> None:
    found = outcomes(BASELINE, [100.0, 200.0, 999.0])
    found[2] = replace(found[2], stale="its base had steps: 100")
    write_study_page(QUESTION, found, tmp_path)
    markdown = (tmp_path / "study.md").read_text()
    assert "| Baseline | 150 <sub>± 635</sub> (2 of 3 seeds)<sup>a</sup> |" in markdown
    assert "<sup>a</sup> Baseline: seed 2 is stale: its base had steps: 100" in markdown
    assert "| *Baseline* | *2* | *stale<sup>a</sup>* | *999* |" in markdown
    rows = list(csv.DictReader((tmp_path / "runs.csv").open()))
    assert [(row["state"], row["gfvd"]) for row in rows] == [
        ("finished", "100.0"),
        ("finished", "200.0"),
        ("stale", "999.0"),
    ]


def test_the_papers_figures_are_grey_and_apart(tmp_path: Path) -> None:
    question = replace(QUESTION, paper={"Baseline": {"gfvd": 174.81}})
    page = write_study_page(question, whole_study(), tmp_path).read_text()
    assert '<tr class="reference"><th><span>Baseline</span></th><td><span>174.81</span>' in page
    assert "their numbers may not" in page


def test_only_what_excludes_no_change_is_bold(tmp_path: Path) -> None:
    found = whole_study()
    write_study_page(QUESTION, found, tmp_path)
    line = "| + predictive | **−12%** <sub>\\[−12, −12\\]</sub> (2 of 2 seeds) |"
    assert line in (tmp_path / "study.md").read_text()


def test_a_speed_that_is_a_measure_too_is_one_column(tmp_path: Path) -> None:
    speed = MeasureEntry(
        stage="latte", value="ispeed", label="ISpeed", unit="it/s", better="higher"
    )
    both = {"gfvd": GFVD_ENTRY, "ispeed": speed}
    found = [replace(o, costs={**o.costs, "speed": 7.0 + o.seed}) for o in whole_study()]
    measured = [replace(o, values={**o.values, "ispeed": 7.0 + o.seed}) for o in found[:5]]
    tables = []
    for name, question, them in (
        ("cost", QUESTION, found),
        ("both", replace(QUESTION, measures=both, claims=()), [*measured, found[5]]),
    ):
        write_study_page(question, them, tmp_path / name)
        tables.append((tmp_path / name / "study.md").read_text())
    assert "| Speed |" in tables[0] and "ISpeed" not in tables[0]
    assert "| Speed |" not in tables[1] and "| ISpeed (it/s) ↑ |" in tables[1]


def test_times_are_where_they_can_be_left_out(tmp_path: Path) -> None:
    slower = [replace(o, costs=o.costs | {"seconds": 999.0}) for o in whole_study()]  # type: ignore[operator]
    pages = [
        write_study_page(QUESTION, found, tmp_path / name).read_text()
        for name, found in (("one", whole_study()), ("two", slower))
    ]
    assert pages[0] != pages[1]
    assert without_times(pages[0]) == without_times(pages[1])


def test_json_has_every_number_of_the_answer(tmp_path: Path) -> None:
    write_study_page(QUESTION, whole_study(), tmp_path, command=COMMAND)
    data = json.loads((tmp_path / "study.json").read_text())
    claim = data["claims"][0]
    assert claim["verdict"] == "better"
    assert claim["effect"]["change"] == pytest.approx(-0.12)
    assert claim["gaps"] == ["+ predictive, seed 2 failed: latte: out of memory"]
    assert len(data["runs"]) == 6
    assert data["question"]["command"] == COMMAND


def test_a_number_that_is_none_leaves_json_that_others_read(tmp_path: Path) -> None:
    found = whole_study()
    found[0] = replace(found[0], values={"gfvd": float("nan"), "psnr": 30.0})
    write_study_page(QUESTION, found, tmp_path)
    text = (tmp_path / "study.json").read_text()
    assert "NaN" not in text
    assert json.loads(text)["runs"][0]["values"]["gfvd"] is None


def test_plots_stand_alone_as_files(scaling: Path) -> None:
    names = sorted(path.name for path in (scaling / "plots").iterdir())
    assert names == [
        "paired-gfvd.svg",
        "scaling-excess.svg",
        "scaling-law.svg",
        "scaling-residuals.svg",
    ]
    svg = (scaling / "plots/scaling-law.svg").read_text()
    assert svg.startswith("<svg xmlns=")
    assert "var(--" not in svg


def test_outcomes_of_no_arm_are_listed_apart(tmp_path: Path) -> None:
    other = replace(whole_study()[0], arm={"method": "gone"})
    page = write_study_page(QUESTION, [*whole_study(), other], tmp_path).read_text()
    assert "Not of this study, and left out" in page
    assert "gone" in page.split("left out")[1]


def test_quality_is_drawn_against_whatever_a_study_names(tmp_path: Path) -> None:
    answer = Answer(kind="pareto", x="prediction_error", y="gfvd")
    found = [
        replace(outcome, costs={"prediction_error": 0.01 * (1 + i)}, curves={})
        for i, outcome in enumerate(cost_outcomes())
    ]
    page = write_study_page(replace(cost_question(), answer=answer), found, tmp_path).read_text()
    assert "gFVD against prediction error" in page
    assert [path.name for path in (tmp_path / "plots").iterdir() if "pareto" in path.name] == [
        "pareto-prediction_error.svg"
    ]
