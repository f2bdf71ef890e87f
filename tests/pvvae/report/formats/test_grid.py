from pvvae.report.formats.grid import Slot, sideways, upright
from pvvae.report.tables.scores import Found, Score, beside_fvd, metric
from pvvae.report.tables.table import ScoredSubject, Table, make_table

FVD = Score(
    title="FVD",
    source="a",
    group="UCF101",
    read=metric("a", "fvd"),
    better="lower",
    form=".1f",
    beside=beside_fvd("a"),
)


def found(fvd: float, *, clips: int = 16, note: str | None = None) -> Found:
    return {"a": {"metrics": {"fvd": {"value": fvd, "note": note}}, "counts": {"clips": clips}}}


def table(*subjects: Found) -> Table:
    named = [ScoredSubject(name=str(i), found=one) for i, one in enumerate(subjects)]
    paper = ScoredSubject(
        name="paper", found={"a": {"metrics": {"fvd": {"value": 1.0}}}}, reference=True
    )
    return make_table([FVD], [*named, paper])


def marks(slots: tuple[Slot, ...]) -> list[tuple[str, ...]]:
    return [slot.marks for slot in slots]


def test_a_note_of_all_values_stands_at_their_head() -> None:
    grid = upright(table(found(2.0), found(3.0, note="few"), {}))
    assert grid.notes == (("a", "16 clips"), ("b", "few"))
    assert grid.head.slots[1] == Slot(text="FVD", arrow="↓", marks=("a",))
    assert [line.slots[1].marks for line in grid.lines] == [(), ("b",), (), ()]


def test_notes_of_some_values_stand_beside_them() -> None:
    grid = upright(table(found(2.0), found(3.0, clips=8)))
    assert grid.head.slots[1].marks == ()
    assert [line.slots[1].marks for line in grid.lines] == [("a",), ("b",), ()]


def test_groups_span_their_columns() -> None:
    assert upright(table(found(2.0))).groups == (("", 1), ("UCF101", 1))


def test_sideways_a_score_is_a_line_and_references_are_left_out() -> None:
    grid = sideways(table(found(2.0), found(3.0)))
    assert [slot.text for slot in grid.head.slots] == ["", "0", "1"]
    assert [slot.text for slot in grid.lines[0].slots] == ["UCF101 FVD", "2.0", "3.0"]
    assert marks(grid.lines[0].slots) == [("a",), (), ()]


def test_inline_clips_and_floors_stand_in_place_of_footnotes() -> None:
    grid = sideways(table(found(2.0, note="few"), found(3.0)), inline=True)
    assert [slot.beside for slot in grid.lines[0].slots] == ["", "16 clips", "16 clips"]
    assert marks(grid.lines[0].slots) == [(), ("a",), ()]
    assert grid.notes == (("a", "few"),)


def test_joined_notes_are_shared_one_by_one() -> None:
    grid = upright(table(found(2.0, note="few; lossy"), found(3.0, note="lossy")))
    assert grid.notes == (("a", "16 clips"), ("b", "lossy"), ("c", "few"))
    assert grid.head.slots[1].marks == ("a", "b")
    assert [line.slots[1].marks for line in grid.lines] == [("c",), (), ()]
