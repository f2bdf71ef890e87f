import re

from pvvae.report.formats.grid import Grid, sideways, upright
from pvvae.report.formats.html import html_table, printed
from pvvae.report.tables.scores import Score, plain_number
from pvvae.report.tables.table import ScoredSubject, make_table


def test_ranks_are_classes_and_references_grey_rows(grid: Grid) -> None:
    html = html_table(grid, look=["upright"])
    assert html.startswith('<div class="wide"><table class="measured upright">')
    assert '<th class="group" colspan="2">17 × 256 × 256</th>' in html
    assert (
        '<tr><th><span>a_b</span></th><td class="second"><span>4.00</span><sup>a</sup></td>' in html
    )
    assert (
        '<td class="best"><span>31.0</span><small class="interval">± 0.5</small></td></tr>' in html
    )
    assert "<tr><th><span>&lt;d&gt;</span></th><td><span>–</span></td>" in html
    assert (
        '<tr class="reference above"><th colspan="3">Table 2</th></tr>'
        '<tr class="reference"><th><span>paper</span></th><td><span>1.00</span></td>' in html
    )
    assert '<ul class="notes"><li><sup>a</sup> 16 clips &amp; few</li></ul>' in html


def test_minus_signs_and_crosses_are_real_ones() -> None:
    assert printed("-9.1 of 17x32x32 at t4-s16") == "−9.1 of 17 × 32 × 32 at t4-s16"


def test_what_depends_on_the_clock_is_of_class_time() -> None:
    scores = [
        Score(
            title="ISpeed",
            source="speed",
            read=plain_number("speed", "times", "ispeed"),
            better="higher",
            form=".2f",
            timed=True,
        )
    ]
    subjects = [
        ScoredSubject(name=str(speed), found={"speed": {"times": {"ispeed": speed}}})
        for speed in (1.0, 2.0, 3.0)
    ]
    table = make_table(scores, subjects)
    assert re.findall('<td class="(.*?)">', html_table(upright(table))) == [
        "time",
        "second time",
        "best time",
    ]
    assert html_table(sideways(table)).count('<tr class="time">') == 1
