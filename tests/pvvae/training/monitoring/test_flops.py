import pytest

from pvvae.training.monitoring.flops import SlotWork, Work, peak_flops
from pvvae.training.monitoring.monitor import WatchConfig

SMALL, LARGE = SlotWork((2, 5, 32, 32)), SlotWork((2, 17, 32, 32), dropped=3)


def test_each_kind_of_slot_is_counted_once_and_taken_as_often_as_it_was_done():
    asked = []

    def count(slot: SlotWork) -> float:
        asked.append(slot)
        return float(slot.shape[1])

    work = Work(count)
    for slot in (SMALL, LARGE, SMALL):
        work.add(slot)
    assert work.take() == 5.0 + 17.0 + 5.0
    assert work.take() == 0.0
    work.add(LARGE)
    assert work.take() == 17.0
    assert asked == [SMALL, LARGE]


def test_who_counts_nothing_has_done_nothing():
    work = Work(None)
    work.add(SMALL)
    assert work.take() == 0.0


def test_the_peak_is_what_the_config_says():
    assert peak_flops(0.5) == 5e11


def test_a_gpu_is_known_by_its_name(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    for name, peak in (("NVIDIA H100 80GB HBM3", 989.4e12), ("NVIDIA GeForce GTX 750", None)):
        monkeypatch.setattr("torch.cuda.get_device_name", lambda name=name: name)
        assert peak_flops(None) == peak


@pytest.mark.parametrize("tflops", [0.0, -1.0])
def test_no_accelerator_does_nothing_at_its_best(tflops):
    with pytest.raises(ValueError, match="peak_tflops must be above 0"):
        WatchConfig(peak_tflops=tflops)
