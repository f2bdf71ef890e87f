import pytest

from pvvae.report.formats.grid import Grid
from pvvae.report.formats.latex import escaped, latex_table


def test_a_table_of_booktabs(grid: Grid) -> None:
    assert latex_table(grid).splitlines() == [
        r"% \usepackage{adjustbox,booktabs,xcolor}",
        r"\begin{table*}",
        r"\centering",
        r"\caption{50\% of it}",
        r"\begin{adjustbox}{max width=\textwidth}",
        r"\begin{tabular}{lrr}",
        r"\toprule",
        r" & \multicolumn{2}{c}{17$\times$256$\times$256} \\",
        r"\cmidrule(lr){2-3}",
        r"Method & rFVD $\downarrow$ & PSNR (dB) $\uparrow$ \\",
        r"\midrule",
        r"a\_b & \underline{4.00}\textsuperscript{a} & "
        r"\underline{30.0} {\scriptsize $\pm$ 0.5} \\",
        r"c & \textbf{3.50} & \textbf{31.0} {\scriptsize $\pm$ 0.5} \\",
        r"$<$d$>$ & -- & -- \\",
        r"\midrule",
        r"\multicolumn{3}{l}{\textcolor{gray}{Table 2}} \\",
        r"\textcolor{gray}{paper} & \textcolor{gray}{1.00} & "
        r"\textcolor{gray}{40.0 {\scriptsize $\pm$ 0.5}} \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{adjustbox}",
        r"\par\smallskip\raggedright\footnotesize \textsuperscript{a} 16 clips \& few",
        r"\end{table*}",
    ]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("100% & #1_a", r"100\% \& \#1\_a"),
        ("{$x^2~}", r"\{\$x\textasciicircum{}2\textasciitilde{}\}"),
        ("a\\b", r"a\textbackslash{}b"),
        ("[1, 2]", "{[}1, 2{]}"),
    ],
)
def test_no_letter_of_a_text_is_a_command(text: str, written: str) -> None:
    assert escaped(text) == written
