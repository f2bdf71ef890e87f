"""``pvvae demo``: one page, or one line about what is missing."""

from pathlib import Path

import pytest

from launchers import cli
from pvvae.report.demo.pictures import NAMES
from tests.small_box import small_box


def test_without_a_box_one_line_says_so_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["demo", "--box", str(tmp_path / "none"), "--out", str(tmp_path / "demo")]
    assert cli.main(words) == 2
    assert capsys.readouterr().err == (
        f"pvvae: {tmp_path}/none/box.json: no such file, so there is no box; name the folder of "
        "one, or leave --box away for the project's\n"
    )
    assert not (tmp_path / "demo").exists()


def test_a_file_in_the_place_of_the_pages_folder_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "demo").write_text("mine")
    assert cli.main(["demo", "--out", str(tmp_path / "demo")]) == 2
    assert capsys.readouterr().err == f"pvvae: --out: {tmp_path}/demo is a file; name a folder\n"
    assert (tmp_path / "demo").read_text() == "mine"


def test_a_page_of_something_else_stays_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "demo/index.html"
    page.parent.mkdir()
    page.write_text("mine")
    box = small_box(tmp_path / "box")
    assert cli.main(["demo", "--box", str(box), "--out", str(page.parent), "--no-open"]) == 2
    assert capsys.readouterr().err == (
        f"pvvae: {page}: is there already, made by hand or by `pvvae demo` of something else; name "
        "another folder, or give --overwrite\n"
    )
    assert page.read_text() == "mine"


def test_pictures_take_the_place_of_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    box, folder = small_box(tmp_path / "box"), tmp_path / "pictures"
    words = ["demo", "--box", str(box), "--out", str(tmp_path / "demo"), "--pictures", str(folder)]
    assert cli.main(words) == 0
    assert [path.name for path in sorted(folder.glob("*.webp"))] == sorted(NAMES)
    assert not (tmp_path / "demo").exists()
