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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests stay in one process, and all files with ``whole`` in the same one.

    What a file trains is trained once, then, and so is every stage in one piece.
    """
    whole = {item.path for item in items if "whole" in getattr(item, "fixturenames", ())}
    for item in items:
        group = "whole" if item.path in whole else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_collection_finish() -> None:
    """What was imported stays: DeepSpeed collects garbage often, and need not look at it again."""
    gc.collect()
    gc.freeze()
