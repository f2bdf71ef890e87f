import threading

from pvvae.training.monitoring.stall_detector import Stall


class Clock:
    """Tells what it is told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_stall_is_said_once_with_rank_and_all_stacks(tmp_path, capsys):
    clock = Clock()
    stall = Stall(tmp_path / "stalls", rank=3, seconds=60.0, clock=clock)
    release = threading.Event()

    def hanging() -> None:
        release.wait()

    thread = threading.Thread(target=hanging)
    thread.start()
    stall.alive("step 7")
    clock.now = 59.0
    assert not stall.check()
    clock.now = 61.0
    assert stall.check()
    assert not stall.check()
    release.set()
    thread.join()
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (f"rank 3: nothing for 61 seconds since step 7; all stacks are in {stall.path}")
    text = stall.path.read_text()
    assert text.startswith("rank 3: 61 seconds since step 7\n")
    assert "in hanging" in text
    assert "in test_a_stall_is_said_once" in text


def test_another_sign_of_life_arms_it_again(tmp_path):
    clock = Clock()
    stall = Stall(tmp_path, rank=0, seconds=10.0, clock=clock)
    said = []
    for now in (11.0, 12.0, 20.0, 31.0, 32.0):
        clock.now = now
        if now == 20.0:
            stall.alive("step 1")
        said.append(stall.check())
    assert said == [True, False, False, True, False]


def test_a_thread_of_its_own_notices(tmp_path):
    noticed = threading.Event()

    class Noticing(Stall):
        def check(self) -> bool:
            found = super().check()
            if found:
                noticed.set()
            return found

    stall = Noticing(tmp_path, rank=0, seconds=1e-3)
    stall.start()
    assert noticed.wait(timeout=60)
    stall.stop()
    assert "test_a_thread_of_its_own_notices" in stall.path.read_text()
