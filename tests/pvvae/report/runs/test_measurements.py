import re
import shutil
from collections.abc import Callable
from pathlib import Path

from pvvae.report.runs import measurements
from pvvae.report.runs.run_records import find_groups


def test_a_third_backbone_is_one_more_column(
    runs: Path, make_run: Callable[..., None], tmp_path: Path
) -> None:
    more = shutil.copytree(runs, tmp_path / "toy")
    make_run(more / "mine" / "evaluate_reconstruction", "evaluate_reconstruction", quality=0.9)
    table = measurements.comparison_table(find_groups(more))
    assert re.findall(r"<th><b[^>]*>(\w+)</b></th>", table) == ["cnn", "mine", "vit"]
    psnr = table[table.index("PSNR") : table.index("PSNR, first")]
    assert re.findall(r'<td(?: class="(\w+)")?><span>([\d.]+)', psnr) == [
        ("second", "22.50"),
        ("best", "25.00"),
        ("", "18.75"),
    ]


def test_values_carry_intervals_clips_and_warnings(runs: Path) -> None:
    table = measurements.comparison_table(find_groups(runs))
    assert '<span>22.50</span><small class="interval">± 0.23</small>' in table
    assert (
        '<span>812.25</span><small class="interval">[731.02, 1,055.92]</small>'
        "<small>16 clips; real vs real 301 (8 vs 8)</small>"
    ) in table
    assert "<li><sup>a</sup> 16 clips, fewer than I3D&#x27;s 400 features</li>" in table
    assert "<li>cnn, vit: 17 × 32 × 32, 16 clips, protocol " in table


def test_both_tables_stand_above_the_papers_grey_ones(runs: Path) -> None:
    html = measurements.paper_tables(find_groups(runs))
    assert re.findall(r"<h3>(\w+)</h3>", html) == ["Reconstruction", "Generation"]
    assert html.count("<table") == 4
    assert html.count('<tr class="reference">') == 16
    assert "not comparable: above are 17 × 32 × 32, 16 clips" in html


def test_groups_of_different_protocols_are_marked_and_not_ranked(
    runs: Path, tmp_path: Path
) -> None:
    mixed = shutil.copytree(runs, tmp_path / "toy")
    path = mixed / "vit" / "evaluate_reconstruction" / "results.json"
    path.write_text(path.read_text().replace("17x32x32", "17x64x64"))
    table = measurements.comparison_table(find_groups(mixed))
    assert "size: 17 × 32 × 32 against 17 × 64 × 64 (cnn against vit)" in table
    psnr = table[table.index("PSNR") : table.index("PSNR, first")]
    assert "best" not in psnr


def test_a_folder_without_evaluations_has_no_tables(
    make_run: Callable[..., None], tmp_path: Path
) -> None:
    make_run(tmp_path / "cnn" / "latte", "latte")
    groups = find_groups(tmp_path)
    assert measurements.comparison_table(groups) == ""
    assert measurements.paper_tables(groups) == ""
