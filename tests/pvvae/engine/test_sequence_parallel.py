"""A clip computed by a team equals one computed alone: values, and gradients after ZeRO's mean."""

import json
from math import ceil

import pytest

from tests.processes import run_group

pytestmark = [pytest.mark.matrix, pytest.mark.timeout(300)]

TEAMS = ((2, 2), (4, 4), (2, 4))
"""Size of a team and of the group; of two teams each has a clip of its own."""


@pytest.fixture(scope="module", params=TEAMS, ids=lambda sizes: "{}of{}".format(*sizes))
def found(request):
    """The size of a team, and what each process of a group found."""
    team, processes = request.param
    words = ["-m", "tests.pvvae.engine.shared_clips", str(team)]
    outputs = run_group(words, processes=processes, timeout=300)
    lines = [line for out in outputs for line in out.splitlines() if line.startswith("found ")]
    assert len(lines) == processes
    return team, [json.loads(line.removeprefix("found ")) for line in lines]


VITS = {
    "full": (2, 30, 30),
    "dropped": (2, 18, 30),
    "masked": (2, 30, 30),
    "causal": (2, 30, 30),
    "long": (1, 51, 51),
    "image": (1, 1, 1),
    "recomputed": (2, 30, 30),
}
"""Clips, and the tokens of each in the encoder and in the decoder."""


@pytest.mark.parametrize("name", VITS)
def test_a_team_computes_what_one_transformer_does(found, name):
    team, values = found
    clips, encoded, decoded = VITS[name]
    parts = [[clips, ceil(tokens / team), 32] for tokens in (encoded, encoded, decoded, decoded)]
    for value in values:
        assert value[name].pop("tokens") == parts
        assert max(value[name].values()) < 1e-12


@pytest.mark.parametrize(("name", "frames"), [("latte", 5), ("latte of images", 1)])
def test_a_team_computes_what_one_latte_does(found, name, frames):
    team, values = found
    spatial, temporal = [2, ceil(frames / team), 6, 16], [2, frames, ceil(6 / team), 16]
    for value in values:
        assert value[name].pop("tokens") == [spatial, temporal, spatial, temporal]
        assert max(value[name].values()) < 1e-6  # its conditions are float32


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_reduced_gradients_and_their_norm_are_those_of_plain_torch(found, stage):
    _, values = found
    for value in values:
        assert value[f"zero{stage}"]["gradients"] < 2e-6
        assert value[f"zero{stage}"]["norm"] < 2e-6


def test_what_is_moved_comes_back_with_nothing_added(found):
    _, values = found
    for value in values:
        assert value["moves"] == {"gathered": 0.0, "exchanged": 0.0, "padding": 0.0, "back": 0.0}


def test_bfloat16_travels_too(found):
    _, values = found
    for value in values:
        assert value["bf16"]["output"] < 2e-2  # 2.5 of its steps


def test_a_rehearsal_without_the_others_saves_what_a_process_of_the_team_saves(found):
    team, values = found
    for value in values:
        assert value["memory"]["planned"] == pytest.approx(1.0, rel=0.1)
        assert value["memory"]["part"] < 1 / team + 0.1
