"""What the main process alone can know, all processes do."""

import pytest

from pvvae import distributed
from pvvae.errors import ConfigError
from tests.processes import run_group

PROGRAM = """
import torch.distributed as dist
from pvvae import distributed
from pvvae.errors import ConfigError

dist.init_process_group("gloo")


def refuse():
    raise ConfigError(f"refused by {distributed.rank()}")


print(distributed.from_main(lambda: {"made by": distributed.rank()}))
try:
    distributed.from_main(refuse)
except ConfigError as error:
    print(error)
print(distributed.from_main(lambda: None))
distributed.leave(0)
"""


def test_all_processes_get_what_the_main_one_makes_or_is_refused() -> None:
    for output in run_group(["-c", PROGRAM], processes=2):
        assert output.splitlines() == ["{'made by': 0}", "refused by 0", "None"]


def test_one_process_alone_is_the_main_one() -> None:
    def refuse() -> None:
        raise ConfigError("no")

    assert distributed.from_main(lambda: 3) == 3
    with pytest.raises(ConfigError, match=r"^no$"):
        distributed.from_main(refuse)
