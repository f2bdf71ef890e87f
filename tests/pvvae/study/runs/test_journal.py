"""What was tried is kept, line by line, whatever a kill does to one of them."""

from pathlib import Path

from pvvae.study.runs.journal import FILE, Attempt, Journal


def attempt(address: str, *, failed: str = "", stopped: bool = False) -> Attempt:
    return Attempt(
        address=address,
        stage="vae",
        run=f"runs/{address}",
        seconds=10.0,
        machine="2 cores",
        failed=failed,
        stopped=stopped,
    )


def test_a_line_after_one_that_a_kill_cut_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_text('{"address": "cut by a ki')
    for address in ("A", "B"):
        Journal(tmp_path).add(attempt(address, failed="it broke"))
    found = Journal(tmp_path)
    assert (found.failed("A"), found.failed("B")) == ("it broke", "it broke")
    assert len(path.read_text().splitlines()) == 3


def test_two_writers_keep_the_lines_of_both(tmp_path: Path) -> None:
    one, two = Journal(tmp_path), Journal(tmp_path)
    one.add(attempt("A"))
    two.add(attempt("B"))
    found = Journal(tmp_path)
    assert (found.seconds("A"), found.seconds("B")) == (10.0, 10.0)


def test_an_attempt_that_was_stopped_took_time_and_is_no_failure(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.add(attempt("A", stopped=True))
    assert (journal.failed("A"), journal.pace()) == ("", {})
    journal.add(attempt("A"))
    assert (journal.seconds("A"), journal.pace()) == (20.0, {"vae": 20.0})


def test_of_another_study_only_the_runs_taken_from_it_are_read(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    for folder in (own, other):
        Journal(folder).add(attempt("both"))
    theirs = Journal(other)
    theirs.add(attempt("taken"))
    theirs.add(attempt("failed there", failed="it broke"))
    theirs.begin("both")  # runs there now
    found = Journal(own, shared={other: {"taken"}, tmp_path / "none": {"both"}})
    assert (found.seconds("taken"), found.seconds("both")) == (10.0, 10.0)
    assert found.failed("failed there") == ""
    found.add(attempt("mine"))
    assert "mine" not in (other / FILE).read_text()
