"""Plots as files of their own."""

from pathlib import Path
from xml.etree import ElementTree

from pvvae.report.runs.plot_files import write_plots

SVG = "{http://www.w3.org/2000/svg}"


def test_every_curve_of_training_is_a_document_with_its_title_and_names(
    runs: Path, tmp_path: Path
) -> None:
    paths = write_plots(runs, tmp_path)
    assert "latte-flow.svg" in {path.name for path in paths}
    assert len(set(paths)) == len(paths)
    for path in paths:
        page = ElementTree.fromstring(path.read_text())
        assert (page.tag, page.get("width")) == (f"{SVG}svg", "480")
        assert [span.text for span in page.iter(f"{SVG}tspan")] == ["cnn", "vit"]
        assert "var(" not in path.read_text()


def test_colours_are_those_that_the_page_has_on_white(runs: Path, tmp_path: Path) -> None:
    write_plots(runs, tmp_path)
    first, second = ElementTree.fromstring((tmp_path / "latte-flow.svg").read_text()).iter(
        f"{SVG}tspan"
    )
    assert (first.get("fill"), second.get("fill")) == ("#2f6bd8", "#c2337b")
