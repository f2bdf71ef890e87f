"""Runs beside one another have GPUs of their own."""

from typing import Any

import pytest

from launchers.studies import devices
from launchers.studies.devices import VISIBLE, Devices, shares


def test_each_of_several_runs_has_its_gpu_in_turn() -> None:
    assert shares(["0", "1", "2"], at_once=2) == [{VISIBLE: "0"}, {VISIBLE: "1"}]
    assert shares(["4", "6"], at_once=3) == [{VISIBLE: "4"}, {VISIBLE: "6"}, {VISIBLE: "4"}]


def test_one_run_or_one_gpu_is_left_as_it_is() -> None:
    assert shares(["0", "1"], at_once=1) == [{}]
    assert shares(["0"], at_once=2) == shares([], at_once=2) == [{}, {}]


def test_visible_gpus_keep_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setenv(VISIBLE, "3, GPU-5a")
    assert devices.visible_devices() == ["3", "GPU-5a"]
    monkeypatch.delenv(VISIBLE)
    assert devices.visible_devices() == ["0", "1"]


def test_an_attempt_is_lent_a_gpu_and_gives_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "visible_devices", lambda: ["0", "1"])
    lent = Devices(at_once=2, processes=1)
    given: list[str] = []

    def one(task: Any, asked: Any, *, processes: int, environment: dict[str, str]) -> Any:
        given.append(environment[VISIBLE])
        if len(given) == 1:  # while it runs, another is lent the other
            ask()
        raise RuntimeError("it broke")

    def ask() -> None:
        with pytest.raises(RuntimeError, match="it broke"):
            lent.attempt(None, None, processes=1, environment={}, by=one)  # type: ignore[arg-type]

    ask()
    ask()
    assert given == ["0", "1", "1"]
