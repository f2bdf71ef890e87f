import json
from pathlib import Path

import pytest

from pvvae.errors import ConfigError
from pvvae.metrics.results import FILE, Results, Value
from pvvae.report.html_shell import Section
from pvvae.report.tables.tables import TableSubject, write_tables

SIZE = "17x256x256"


def measured(folder: Path, *, psnr: float, frames: int = 17) -> TableSubject:
    value = Value(value=psnr, interval=(psnr - 0.25, psnr + 0.25))
    protocol = {"size": SIZE, "fvd": {"frames": frames}}
    found = Results(
        metrics={"psnr": value, "rfvd": Value(value=3.0)}, protocol=protocol, counts={"clips": 2048}
    )
    found.write(folder / FILE)
    return TableSubject(name=folder.name, results={SIZE: folder / FILE}, latent="t4s16c64")


def test_a_table_is_written_in_every_form(tmp_path: Path) -> None:
    subjects = [measured(tmp_path / name, psnr=psnr) for name, psnr in (("a", 30), ("b", 31))]
    more = Section(key="figure", head="Figure", body="<p>here</p>")
    page = write_tables(
        tmp_path / "out",
        title="Reconstruction & more",
        kind="reconstruction",
        subjects=subjects,
        remarks=["c: no weights."],
        sections=[more],
    )
    assert page == tmp_path / "out" / "index.html"
    assert "| b | t4s16c64 | 3.00 | **31.00** <sub>± 0.25</sub> |" in read(page, "table.md")
    assert r"\textbf{31.00} {\scriptsize $\pm$ 0.25}" in read(page, "table.tex")
    html = page.read_text()
    assert "<h1>Reconstruction &amp; more</h1>" in html
    assert '<section id="figure"><h2>Figure</h2><p>here</p></section>' in html
    for name in ("table.md", "table.tex", "index.html"):
        assert "c: no weights." in read(page, name)
    (table,) = json.loads(read(page, "table.json"))["tables"]
    assert table["rows"][1]["cells"][1] == {
        "value": 31.0,
        "text": "31.00",
        "interval": "± 0.25",
        "mark": "best",
        "notes": [],
    }
    assert [row["reference"] for row in table["rows"]] == [False] * 2 + [True] * 8


def read(page: Path, name: str) -> str:
    return (page.parent / name).read_text()


def test_columns_of_different_protocols_are_marked(tmp_path: Path) -> None:
    subjects = [
        measured(tmp_path / "a", psnr=30.0),
        measured(tmp_path / "b", psnr=31.0, frames=16),
    ]
    page = write_tables(tmp_path / "out", title="", kind="reconstruction", subjects=subjects)
    (table,) = json.loads(read(page, "table.json"))["tables"]
    assert [column["differences"] for column in table["columns"]][:2] == [
        ["fvd.frames: 17 against 16 (a against b)"],
        [],
    ]


def test_results_of_another_form_are_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_text('{"metrics": {"psnr": 30.0}, "protocol": {}}')
    subject = TableSubject(name="old", results={SIZE: path})
    with pytest.raises(ConfigError, match="not of this version's form"):
        write_tables(tmp_path / "out", title="", kind="reconstruction", subjects=[subject])
