"""Runs beside one another have GPUs of their own."""

from typing import Any

import pytest
from torch import cuda

from launchers.studies import devices
from launchers.studies.devices import VISIBLE, Devices


def test_visible_gpus_keep_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "device_count", lambda: 2)
    monkeypatch.setenv(VISIBLE, "3, GPU-5a")
    assert devices.visible_devices() == ["3", "GPU-5a"]
    monkeypatch.delenv(VISIBLE)
    assert devices.visible_devices() == ["0", "1"]


def lent(monkeypatch: pytest.MonkeyPatch, gpus: list[str], nested: int, **how: int) -> list[str]:
    """What attempts are shown of which each but the last begins while the one before runs, and of
    one more when all have failed."""
    monkeypatch.setattr(devices, "visible_devices", lambda: gpus)
    lender = Devices(**{"at_once": 2, "processes": 1, **how})
    given: list[str] = []

    def one(task: Any, asked: Any, *, processes: int, environment: dict[str, str]) -> Any:
        given.append(environment.get(VISIBLE, "all"))
        if len(given) < nested:
            ask()
        raise RuntimeError("it broke")

    def ask() -> None:
        with pytest.raises(RuntimeError, match="it broke"):
            lender.attempt(None, None, processes=1, environment={}, by=one)  # type: ignore[arg-type]

    ask()
    ask()
    return given


def test_runs_beside_one_another_have_a_gpu_each_and_give_it_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert lent(monkeypatch, ["4", "6"], 2) == ["4", "6", "4"]
    assert lent(monkeypatch, ["0", "1"], 3, at_once=3) == ["0", "1", "0", "0"]


def test_one_run_one_gpu_and_runs_of_several_processes_are_left_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert lent(monkeypatch, ["0"], 2) == ["all"] * 3
    assert lent(monkeypatch, ["0", "1"], 1, at_once=1) == ["all"] * 2
    assert lent(monkeypatch, ["0", "1"], 2, processes=2) == ["all"] * 3
