"""What many tests share: a little real data, and a process group of one."""

import gc
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.processes import ROOT
from tests.toy_clips import pack_toy_clips


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with train/ and held_out/: moving patterns of 48 x 48, 17 frames, two classes."""
    return pack_toy_clips(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="session")
def group() -> None:
    """This process is a group of its own, with one thread: results must not depend on cores."""
    from pvvae.engine import start

    torch.set_num_threads(1)
    start()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With --dist loadfile, all files that ask for ``whole`` are one: it is made once."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    asking = re.compile(r"def \w+\([^)]*\bwhole\b")
    stages = sorted((ROOT / "tests/stages").glob("test_*.py"))
    whole = {f"tests/stages/{p.name}" for p in stages if asking.search(p.read_text())}

    class Together(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = str(super()._split_scope(nodeid))
            return "whole" if file in whole else file

    return Together(config, log)


def pytest_collection_finish() -> None:
    """What was imported stays: DeepSpeed collects garbage often, and need not look at it again."""
    gc.collect()
    gc.freeze()
