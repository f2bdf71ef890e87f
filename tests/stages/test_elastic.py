"""A run goes on with another number of processes, and under another ZeRO stage."""

from pathlib import Path

import pytest

from tests.processes import run_group
from tests.stages.curves import NAMES, SHARDED, SMOOTH, curve
from tests.stages.short import run_stage
from tests.toy_clips import pack_toy_clips

# Its runs are made by whichever test comes first.
pytestmark = [pytest.mark.matrix, pytest.mark.timeout(900)]

COMMON = ["data.slots=4", "steps=8", "objective.drop=sample", *SMOOTH, *SHARDED]
PROCESSES = (1, 2, 4, 2)
"""One after another, two steps each."""


@pytest.fixture(scope="module")
def four_shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack_toy_clips(tmp_path_factory.mktemp("toy"), shards=4)


@pytest.fixture(scope="module")
def runs(four_shards: Path, tmp_path_factory: pytest.TempPathFactory, group: None) -> Path:
    """Image pretraining, and predictive training in one piece by one process."""
    folder = tmp_path_factory.mktemp("elastic")
    run_stage("image_pretrain", four_shards, folder)
    run_stage("predictive", four_shards, folder, f"run={folder}/whole", *COMMON)
    return folder


OFFLOADED = ("none", "optimizer", "optimizer", "none")
"""Of each of those parts, where anything is offloaded."""


@pytest.mark.parametrize(
    ("stages", "offload"),
    [
        ((1, 1, 1, 1), ("none",) * 4),
        ((2, 2, 2, 2), ("none",) * 4),
        ((3, 3, 3, 3), ("none",) * 4),
        ((3, 1, 0, 2), ("none",) * 4),
        ((1, 2, 3, 2), OFFLOADED),
    ],
)
def test_the_curve_goes_on(stages, offload, four_shards, runs):
    name = "changing" + "".join(map(str, stages)) + offload[1]
    parts = zip(PROCESSES, stages, offload, strict=True)
    for part, (processes, stage, where) in enumerate(parts, start=1):
        words = [name, "predictive", f"until={2 * part + 1}", f"engine.zero_stage={stage}"]
        words += [f"engine.offload={where}", *COMMON]
        worker = ["-m", "tests.stages.worker", str(four_shards), str(runs), " ".join(words)]
        run_group(worker, processes=processes)
    for loss in NAMES:
        assert curve(runs / name, loss) == pytest.approx(curve(runs / "whole", loss), rel=1e-4)
    for value in ("psnr", "prediction_mse"):
        found, expected = (curve(runs / run, value, kind="held_out") for run in (name, "whole"))
        assert found == pytest.approx(expected, rel=1e-4)
