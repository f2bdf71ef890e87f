import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pvvae.errors import ConfigError
from pvvae.report import build_report
from tests.pvvae.report.timeless import VOID, without_times


@pytest.fixture(scope="module")
def page(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return build_report(runs, tmp_path_factory.mktemp("report")).read_text()


class Balance(HTMLParser):
    """Every element is closed, in the order it was opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_has_every_section_and_both_backbones(page: str) -> None:
    found = re.findall(r'<section id="(\w+)">', page)
    assert found == [
        "comparison",
        "paper",
        "predictions",
        "reconstructions",
        "samples",
        "curves",
        "runs",
    ]
    assert '<b class="name b0">cnn</b>' in page
    assert '<b class="name b1">vit</b>' in page


def test_the_page_is_whole_html(page: str) -> None:
    balance = Balance()
    balance.feed(page)
    assert balance.open == []


def test_the_page_needs_nothing_from_anywhere_else(page: str) -> None:
    sources = re.findall(r'(?:src|href)="([^"]{0,20})', page)
    assert sources
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert not re.search(r"url\((?!#)|@import|<script", page)


def test_the_same_results_at_another_speed_give_the_same_page_but_for_times(
    runs: Path, page: str, tmp_path: Path
) -> None:
    slower = shutil.copytree(runs, tmp_path / "toy")
    for path in [*slower.rglob("*.json*")]:
        text = re.sub(r'("\w*seconds?\w*": )[\d.]+', r"\g<1>123.0", path.read_text())
        path.write_text(re.sub(r'"started": ".*"', '"started": "another day"', text))
    html = build_report(slower, tmp_path / "report").read_text()
    assert html != page
    assert without_times(html) == without_times(page)


def test_a_page_made_twice_is_the_same_bytes(runs: Path, page: str, tmp_path: Path) -> None:
    assert build_report(runs, tmp_path).read_text() == page


def test_a_page_without_elements_of_class_time_stays_as_it_is() -> None:
    html = '<!DOCTYPE html>\n<p class="a">x &amp; y<br>&#8211;</p><svg><path d="M0"/></svg>\n'
    assert without_times(html) == html


def test_elements_of_class_time_go_with_all_they_hold() -> None:
    html = 'a<tr class="row time"><td>1<br>2</td><td><i>3</i></td></tr>b<img class="time">c'
    assert without_times(html) == "abc"


@pytest.mark.parametrize("left", [["image_pretrain"], ["latte"], ["generate"], []])
def test_a_folder_with_a_single_run_makes_a_page(
    left: list[str], make_run: Callable[..., None], tmp_path: Path
) -> None:
    for stage in left or ["evaluate_reconstruction"]:
        make_run(tmp_path / "runs" / "cnn" / stage, stage)
    html = build_report(tmp_path / "runs", tmp_path / "report").read_text()
    assert '<section id="runs">' in html


def test_a_folder_without_runs_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="runs"):
        build_report(tmp_path, tmp_path / "report")
