from pvvae.report.formats.grid import Grid
from pvvae.report.formats.markdown import markdown_table


def test_best_is_bold_second_underlined_and_references_slanted(grid: Grid) -> None:
    assert markdown_table(grid).splitlines() == [
        "**50% of it**",
        "",
        "| Method | 17x256x256 rFVD ↓ | 17x256x256 PSNR (dB) ↑ |",
        "| :-- | --: | --: |",
        "| a\\_b | <ins>4.00</ins><sup>a</sup> | <ins>30.0</ins> <sub>± 0.5</sub> |",
        "| c | **3.50** | **31.0** <sub>± 0.5</sub> |",
        "| \\<d\\> | – | – |",
        "| *Table 2* |  |  |",
        "| *paper* | *1.00* | *40.0 <sub>± 0.5</sub>* |",
        "",
        "<sup>a</sup> 16 clips & few",
    ]
