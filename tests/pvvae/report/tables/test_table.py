from typing import Literal

import pytest

from pvvae.report.tables.scores import Score, metric
from pvvae.report.tables.table import Rank, ScoredSubject, make_table, ranking


@pytest.mark.parametrize(
    ("texts", "better", "ranks"),
    [
        (["1.0", "3.0", "2.0"], "higher", {1: "best", 2: "second"}),
        (["1.0", "3.0", "2.0"], "lower", {0: "best", 2: "second"}),
        (["1.0", "1.0", "2.0", "2.0"], "lower", {0: "best", 1: "best", 2: "second", 3: "second"}),
        (["1.0", "1.0"], "lower", {}),
        (["1.0", "", ""], "lower", {}),
        (["1,200.0", "", "-9.0"], "lower", {2: "best", 0: "second"}),
        (["1.0", "2.0"], None, {}),
    ],
)
def test_ranks_are_of_what_is_printed(
    texts: list[str], better: Literal["higher", "lower"] | None, ranks: dict[int, Rank]
) -> None:
    assert ranking(texts, better=better) == ranks


def subject(name: str, value: float, *, reference: bool = False) -> ScoredSubject:
    found = {"a": {"metrics": {"psnr": {"value": value}}}}
    return ScoredSubject(name=name, found=found, reference=reference)


PSNR = Score(title="PSNR", source="a", read=metric("a", "psnr"), better="higher", form=".1f")


def test_reference_rows_come_last_and_take_no_part_in_ranks() -> None:
    table = make_table([PSNR], [subject("paper", 9.0, reference=True), subject("ours", 1.0)])
    assert [row.subject.name for row in table.rows] == ["ours", "paper"]
    assert [row.cells[0].rank for row in table.rows] == [None, None]


def test_a_column_of_different_protocols_has_no_best() -> None:
    subjects = [subject("a", 1.0), subject("b", 2.0)]
    table = make_table([PSNR], subjects, differences={"PSNR": ["size: 1 against 2"]})
    assert [row.cells[0].rank for row in table.rows] == [None, None]
    assert table.column_notes == (("size: 1 against 2",),)


def test_a_column_that_nobody_has_is_left_out() -> None:
    assert make_table([PSNR], [ScoredSubject(name="a", found={})]).scores == ()
