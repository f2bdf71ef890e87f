"""An outcome is read back as it was written."""

import pytest

from pvvae.errors import ConfigError
from pvvae.study.outcomes import Outcome, file_name, read_outcomes, write_outcome

OUTCOME = Outcome(
    arm={"objective": "+ predictive", "data": "1/8"},
    seed=3,
    values={"gfvd": 151.25},
    data={"unique_samples": 64.0, "steps": 300.0},
    costs={"parameters": 1e6},
    curves={"gfvd": ((100.0, 300.5), (200.0, 151.25))},
    runs={"vae": "runs/vae", "fvd": "runs/fvd"},
    machine="2 cores",
)


def test_an_outcome_is_read_back_equal_and_in_the_order_of_its_factors(tmp_path):
    write_outcome(tmp_path, OUTCOME)
    (read,) = read_outcomes(tmp_path)
    assert read == OUTCOME
    assert list(read.arm) == ["objective", "data"]


def test_the_file_is_named_after_cell_and_seed():
    assert file_name(OUTCOME.arm, 3) == "plus-predictive-1-of-8_seed3.json"


def test_a_folder_without_outcomes_has_none(tmp_path):
    assert read_outcomes(tmp_path) == []


def test_a_file_that_is_no_outcome_is_named(tmp_path):
    path = write_outcome(tmp_path, OUTCOME)
    path.write_text("{}")
    with pytest.raises(ConfigError, match=r"seed3.json: not an outcome of a study"):
        read_outcomes(tmp_path)
