"""Checks are made within their minutes, kept, and gone on with."""

import json
from pathlib import Path

from launchers.doctor import give as module
from launchers.doctor.catalog import named
from launchers.doctor.give import give, programs_here
from launchers.doctor.gpu_check import GpuCheck, Words
from launchers.doctor.results import machine, read_results

KEYS = {"state", "figure", "bound", "source", "seconds", "machine"}


def _check(name: str, *programs: Words) -> GpuCheck:
    return GpuCheck(name=name, asks="?", bound="b", source="s", on_gpu=programs, on_cpu=programs)


def test_a_result_has_its_figure_and_is_not_made_twice(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(module.PROGRAMS, "python", ("python", "-c"))
    log = tmp_path / "log"
    count = f"open({str(log)!r}, 'a').write('x'); print('4.0 GiB')"
    checks = [
        _check("good", ("python", count)),
        _check("bad", ("python", "raise SystemExit('no')")),
    ]
    results = tmp_path / "doctor.json"
    first = {c.name: r for c, r in give(checks, results, minutes=1.0)}
    assert (first["good"].state, first["good"].figure) == ("pass", "4.0 GiB")
    assert (first["bad"].state, first["bad"].figure) == ("fail", "no")
    assert {c.name: r for c, r in give(checks, results, minutes=1.0)} == first
    assert log.read_text() == "x"
    assert next(give(checks[:1], results, minutes=1.0, again=True))[1].state == "pass"
    assert log.read_text() == "xx"
    plain = json.loads(results.read_text())[machine()]
    assert plain.keys() == {"good", "bad"} and plain["bad"].keys() == KEYS


def test_what_was_cut_short_is_made_again_and_the_rest_is_left(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(module.PROGRAMS, "python", ("python", "-c"))
    endless = _check("endless", ("python", "while True: pass"))
    after = _check("after", ("python", "print(1)"))
    results = tmp_path / "doctor.json"
    (_, cut), (_, left) = give([endless, after], results, minutes=1e-3)
    assert cut.state == "unfinished"
    assert left is None
    assert read_results(results)[machine()].keys() == {"endless"}
    short = _check("endless", ("python", "print(2)"))
    assert [found.figure for _, found in give([short, after], results, minutes=1.0)] == ["2", "1"]


def test_what_a_machine_lacks_is_said() -> None:
    (slurm,) = named(["slurm_gpus"])
    programs, why = programs_here(slurm)
    assert programs == ()
    assert why.startswith("wants a Slurm with GPUs")
