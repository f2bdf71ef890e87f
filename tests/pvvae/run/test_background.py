import threading

import pytest

from pvvae.run.background import Behind


def test_work_is_done_beside_its_caller_and_in_order():
    behind, begun, done = Behind(), threading.Event(), []

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

    behind = Behind()
    behind.submit(fails)
    with pytest.raises(OSError, match="full"):
        behind.submit(lambda: None)
    behind.settle()
