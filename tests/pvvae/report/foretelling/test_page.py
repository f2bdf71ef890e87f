"""The page has a row and a plot of each number, the strongest first."""

import json
import math
from pathlib import Path

from pvvae.report.foretelling.page import foretell, text_table, write_page
from pvvae.study.answers.foretold_runs import Gathered
from pvvae.study.statistics.foretelling import ForetoldRun


def gathered() -> Gathered:
    runs = [
        ForetoldRun(
            study=study,
            arm=str(arm),
            seed=seed,
            quality=level * 2.0**arm,
            numbers={"psnr": float(arm), "odd": (7.0 * arm * (seed + 1)) % 3.0, "same": 1.0},
        )
        for study, level in (("one", 1.0), ("two", 5.0))
        for seed in range(2)
        for arm in range(3)
    ]
    return Gathered(runs=runs, left_out=["one: 1 of 7 failed, stale or without gFVD"])


def test_the_strongest_stands_first_and_what_never_differs_nowhere(tmp_path: Path) -> None:
    some = gathered()
    found = foretell(some)
    assert list(found) == ["psnr", "odd"]
    assert math.isclose(found["psnr"].pearson.value, 1.0)
    head, first, second = text_table(found).splitlines()
    assert head.split()[:2] == ["runs", "studies"]
    assert first.startswith("PSNR  12    2        1.00 [1.00, 1.00]")
    assert second.startswith("odd ")
    path = write_page(some, found, tmp_path)
    html = path.read_text()
    assert html.index("<th>PSNR</th>") < html.index("<th>odd</th>")
    assert html.count("<svg") == 2
    assert "one: 1 of 7 failed" in html
    plain = json.loads((tmp_path / "analysis.json").read_text())
    assert plain["kind"] == "foretell"
    assert plain["numbers"]["psnr"]["pairs"]["value"] == 1.0
    assert len(plain["runs"]) == 12
