"""Driver, CUDA and the GPUs that processes see, as a driver and torch would tell of them."""

from pvvae.doctor.devices import judge, processes_here
from pvvae.doctor.finding import Finding
from pvvae.doctor.wanted import Wanted

LISTED = ["NVIDIA H100, 570.1, 81559 MiB"] * 4


def _last(listed: list[str], trouble: str = "", **more: object) -> Finding:
    told = {"built": "12.8", "seen": 4, "environment": {}} | more
    return list(judge(listed, trouble, **told))[-1]


def test_all_gpus_are_right_and_their_number_is_told():
    found = _last(LISTED)
    assert (found.right, found.found) == (
        True,
        "torch for CUDA 12.8 sees 4 GPUs (all); so will processes it starts",
    )


def test_visible_devices_are_as_many_as_are_named():
    two = {"CUDA_VISIBLE_DEVICES": "2,3"}
    assert _last(LISTED, seen=2, environment=two).right is True
    beyond = _last(LISTED, seen=1, environment={"CUDA_VISIBLE_DEVICES": "3,4"})
    assert beyond.right is False
    assert "CUDA_VISIBLE_DEVICES names what is not here" in beyond.advice


def test_a_driver_that_fails_and_a_torch_without_cuda_are_wrong():
    assert _last([], "nvidia-smi: No devices were found").right is False
    without = _last(LISTED, built=None, seen=0)
    assert (without.right, without.found) == (False, "torch was built without CUDA")


def test_no_driver_is_no_mistake():
    assert _last([], built=None, seen=0).right is None


def test_processes_are_those_asked_for():
    assert processes_here(Wanted(processes=3)) == 3
