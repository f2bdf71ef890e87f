"""What the tests of several stages start from."""

from pathlib import Path

import pytest

from tests.stages.short import STAGES, run_stage


@pytest.fixture(scope="session")
def whole(shards: Path, tmp_path_factory: pytest.TempPathFactory, group: None) -> Path:
    """Every stage in one piece: a folder with a run of each."""
    runs = tmp_path_factory.mktemp("whole")
    for stage in STAGES:
        run_stage(stage, shards, runs)
    return runs
