import re
import shutil
from collections.abc import Callable
from pathlib import Path

from pvvae.report import results
from pvvae.report.findings import find_groups


def test_a_third_backbone_is_one_more_column(
    runs: Path, make_run: Callable[..., None], tmp_path: Path
) -> None:
    more = shutil.copytree(runs, tmp_path / "toy")
    make_run(more / "mine" / "evaluate_reconstruction", "evaluate_reconstruction", quality=0.9)
    table = results.comparison_table(find_groups(more))
    assert re.findall(r"<th><b[^>]*>(\w+)</b></th>", table) == ["cnn", "mine", "vit"]
    psnr = table[table.index("PSNR") : table.index("PSNR over")]
    assert re.findall(r'<td(?: class="(\w+)")?><span>([\d.]+)', psnr) == [
        ("second", "22.50"),
        ("best", "25.00"),
        ("", "18.75"),
    ]
