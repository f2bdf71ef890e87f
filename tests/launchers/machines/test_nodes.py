"""Which nodes a job does without."""

import pytest

from launchers.machines.nodes import failed_first, gpus_per_node, told_of, wrong_nodes


def _wrong(name: str) -> dict[str, object]:
    return {"name": name, "found": "bad", "right": False, "advice": "mend it"}


def test_what_is_wrong_on_some_nodes_is_the_nodes_and_on_all_the_clusters() -> None:
    found = {
        "n1": [_wrong("cores")],
        "n2": [_wrong("cores"), _wrong("clock")],
        "n3": [_wrong("cores")],
    }
    assert wrong_nodes(found) == {"n2": "clock: bad"}
    assert told_of(found) == [
        "doctor: n1, n2, n3: cores: bad; mend it",
        "doctor: n2: clock: bad; mend it",
    ]


def test_a_node_alone_is_wrong_by_its_driver_and_not_by_the_request() -> None:
    assert wrong_nodes({"n1": [_wrong("cores")]}) == {}
    assert wrong_nodes({"n1": [_wrong("driver")]}) == {"n1": "driver: bad"}


def test_the_first_to_fail_is_the_first_with_a_failure_of_its_own(tmp_path) -> None:
    assert failed_first(tmp_path, but=(2, 3)) is None
    (tmp_path / ".slurm").mkdir()
    (tmp_path / ".slurm/failed_now").write_text("n1 2\nn2 1\nn3 143\n")
    assert failed_first(tmp_path, but=(2, 3)) == "n2"


@pytest.mark.parametrize(
    ("slurm", "number"),
    [({"gpus-per-node": 8}, 8), ({"gpus-per-node": "h100:4"}, 4), ({"gres": "gpu:2"}, 2),
     ({"gres": "gpu:a100:2"}, 2), ({}, 1), ({"mem": "8G"}, 1)],
)  # fmt: skip
def test_gpus_of_a_node_are_read_as_sbatch_takes_them(slurm, number) -> None:
    assert gpus_per_node(slurm) == number
