import threading
from pathlib import Path

import pytest
import torch

from pvvae.run.item_results import BackgroundWorker, ItemResults


def test_work_is_done_beside_its_caller_and_in_order():
    behind, begun, done = BackgroundWorker(), threading.Event(), []

    def first() -> None:
        assert begun.wait(timeout=60)  # set below, while this is under way
        done.append("first")

    behind.submit(first)
    begun.set()
    behind.submit(lambda: done.append("second"))
    assert done[0] == "first"
    behind.settle()
    assert done == ["first", "second"]


def test_what_failed_is_told_once_at_the_next_piece():
    def fails() -> None:
        raise OSError("full")

    behind = BackgroundWorker()
    behind.submit(fails)
    with pytest.raises(OSError, match="full"):
        behind.submit(lambda: None)
    behind.settle()


def test_rows_come_back_as_they_were_measured_before_or_after_a_cut(tmp_path: Path):
    rows = [{"a": torch.randn(1, 3), "b": torch.randn(1, dtype=torch.float64)} for _ in range(3)]
    ItemResults(tmp_path / "rows").keep(2, rows[2])
    kept = ItemResults(tmp_path / "rows")  # as another process
    kept.keep(0, rows[0])
    kept.keep(1, rows[1])
    assert [kept.has(i) for i in range(4)] == [True, True, True, False]
    for found, row in zip(kept.rows(range(3)), rows, strict=True):
        assert found.keys() == row.keys()
        assert all(torch.equal(found[name], row[name]) for name in row)
        assert found["b"].dtype == torch.float64


def test_parts_of_one_tensor_are_kept_by_themselves(tmp_path: Path):
    first, second = torch.arange(8.0).view(2, 4).chunk(2, dim=1)
    kept = ItemResults(tmp_path / "rows")
    kept.keep(0, {"first": first, "second": second})
    (row,) = ItemResults(tmp_path / "rows").rows([0])
    assert torch.equal(row["first"], first)
    assert torch.equal(row["second"], second)


def test_nothing_is_left_of_what_is_discarded(tmp_path: Path):
    kept = ItemResults(tmp_path / "rows")
    kept.keep(0, {"a": torch.zeros(1)})
    kept.discard()
    assert not list(tmp_path.iterdir())
