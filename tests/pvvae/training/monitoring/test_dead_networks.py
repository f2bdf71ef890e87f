"""Networks that have stopped to learn."""

from pathlib import Path

import pytest

from pvvae.errors import ConfigError
from pvvae.training.monitoring.dead_networks import DeadNetworks, end_if


def test_a_gradient_of_zero_ends_a_run_after_so_many_steps_in_a_row() -> None:
    dead = DeadNetworks(3)
    assert dead.step({"gradient_norm": 0.0}, done=1) is None
    assert dead.step({"gradient_norm": 0.0}, done=2) is None
    assert dead.step({"gradient_norm": 1e-30}, done=3) is None  # not in a row
    found = [dead.step({"gradient_norm": 0.0}, done=done) for done in (4, 5, 6)]
    assert found[:2] == [None, None]
    assert found[2] == (
        "gradient_norm was exactly 0 in 3 steps in a row up to step 6: this network learns "
        "nothing any more"
    )


def test_each_network_is_counted_by_itself() -> None:
    dead = DeadNetworks(2)
    norms = {"gradient_norm": 1.0, "discriminator_gradient_norm": 0.0}
    assert dead.step(norms, done=1) is None
    assert "discriminator_gradient_norm was exactly 0" in str(dead.step(norms, done=2))


def test_logits_that_are_sure_of_everything_end_it_too() -> None:
    dead = DeadNetworks(100)
    sure, unsure = ({"logit_real": 17.0, "logit_fake": fake} for fake in (-16.5, -15.0))
    assert dead.line(sure, steps=50, done=50) is None
    assert dead.line(unsure, steps=50, done=100) is None
    assert dead.line(sure, steps=50, done=150) is None
    assert "beyond 16 on either side in 100 steps" in str(dead.line(sure, steps=50, done=200))
    assert dead.line({"mse": 0.0}, steps=50, done=250) is None


def test_who_does_not_want_it_is_never_ended() -> None:
    dead = DeadNetworks(None)
    assert all(dead.step({"gradient_norm": 0.0}, done=done) is None for done in range(50))
    end_if(None, Path("run"))


def test_the_end_is_one_line_that_says_what_helps() -> None:
    with pytest.raises(ConfigError, match=r"^run: why; begin another run=\.\.\. with a lower"):
        end_if("why", Path("run"))
