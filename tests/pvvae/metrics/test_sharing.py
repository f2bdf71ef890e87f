"""One process, two processes and one big batch find the same numbers, to the last bit."""

import json
from pathlib import Path

import torch

from tests.processes import run_group
from tests.pvvae.metrics.sharing import CLIPS, concluded, measured


def test_two_processes_and_one_big_batch_find_the_same_bits(tmp_path: Path) -> None:
    run_group(["-m", "tests.pvvae.metrics.sharing", str(tmp_path)], processes=2)
    shared = json.loads((tmp_path / "found.json").read_text())
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as there: a sum cut among threads rounds in another order
    whole = measured(list(range(CLIPS)))
    backwards = [measured([index]) for index in reversed(range(CLIPS))]
    torch.set_num_threads(threads)
    assert json.loads(json.dumps(concluded([whole]))) == shared
    ordered = json.loads(json.dumps(concluded(backwards)))
    assert ordered.pop("error") == shared.pop("error")[::-1]
    assert ordered == shared
