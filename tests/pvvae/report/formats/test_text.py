from pvvae.report.formats.grid import Grid
from pvvae.report.formats.text import text_table

WRITTEN = """\
50% of it

                  17x256x256
Method  rFVD ↓      PSNR (dB) ↑
--------------------------------------
a_b       4.00+[a]         30.0+ ± 0.5
c         3.50*            31.0* ± 0.5
<d>          –                –

Table 2
paper     1.00             40.0 ± 0.5

* best, + second
[a] 16 clips & few
"""


def test_numbers_are_aligned_and_marks_hang_behind_them(grid: Grid) -> None:
    assert text_table(grid) + "\n" == WRITTEN
