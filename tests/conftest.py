"""What many tests share: a little real data, and a process group of one."""

import gc
from pathlib import Path

import pytest
import torch

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


def pytest_collection_finish() -> None:
    """What was imported stays: DeepSpeed collects garbage often, and need not look at it again."""
    gc.collect()
    gc.freeze()
