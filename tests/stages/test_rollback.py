"""Two processes, one of which meets NaN: both skip, both go back, both go on with other data."""

from pathlib import Path

import pytest

from pvvae.run.folder import read_metrics
from tests.processes import run_group
from tests.stages.curves import SHARDED, in_words
from tests.stages.cuts import SMALL, VAE, metrics, results

# Its runs are made by whichever test comes first.
pytestmark = [pytest.mark.matrix, pytest.mark.timeout(900)]

ZERO = (0, 3)
"""The two that tell good steps from bad ones in ways of their own (``engine/engine.py``)."""
SETTINGS = VAE | SMALL | {"init": None, "steps": 6, "loop.max_skips": 2, "loop.max_rollbacks": 1}


@pytest.fixture(scope="module")
def runs(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs without trouble, with steps 3 and 4 spoilt, and the same cut."""
    folder = tmp_path_factory.mktemp("rollback")
    jobs = []
    for k in ZERO:
        words = ["predictive", *in_words(SETTINGS), f"engine.zero_stage={k}", *SHARDED]
        spoilt = [*words, "spoilt=3,4"]
        jobs += [[f"clean{k}", *words], [f"spoilt{k}", *spoilt]]
        jobs += [[f"cut{k}", *spoilt, "until=4"], [f"cut{k}", *spoilt]]
    worker = ["-m", "tests.stages.worker", str(shards), str(folder), *map(" ".join, jobs)]
    run_group(worker, processes=2)
    return folder


@pytest.mark.parametrize("k", ZERO)
def test_skipped_steps_of_one_process_lead_both_back_and_on_with_other_data(k, runs):
    lines, clean = (read_metrics(runs / f"{name}{k}", "train") for name in ("spoilt", "clean"))
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert [line["mse"] for line in lines[:2]] == [line["mse"] for line in clean[:2]]
    assert all(a["mse"] != b["mse"] for a, b in zip(lines[2:], clean[2:], strict=True))
    (rollback,) = read_metrics(runs / f"spoilt{k}", "rollback")
    assert (rollback["step"], rollback["number"], rollback["from_step"]) == (2, 1, 5)


@pytest.mark.parametrize("k", ZERO)
def test_a_run_cut_amid_skipped_steps_goes_back_all_the_same(k, runs):
    assert metrics(runs / f"cut{k}") == metrics(runs / f"spoilt{k}")
    assert results(runs / f"cut{k}") == results(runs / f"spoilt{k}")
