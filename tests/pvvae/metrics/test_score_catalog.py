import pytest

from pvvae.metrics.score_catalog import HELD_OUT, SCORES, score_entry

ENTRIES = {**{f"held-out {k}": e for k, e in HELD_OUT.items()}, **SCORES}


@pytest.mark.parametrize("name", ENTRIES)
def test_every_number_is_written_as_declared(name: str) -> None:
    entry = ENTRIES[name]
    assert entry.label
    assert format(12.345678, entry.form) != format(1234.5678, entry.form)


def test_no_two_scores_of_a_table_have_the_same_words() -> None:
    words = [(entry.group, entry.label, entry.unit) for entry in SCORES.values()]
    assert len(set(words)) == len(words)


def test_a_stored_number_has_the_unit_that_it_is_stored_in() -> None:
    assert SCORES["psnr"].unscaled_unit == "dB"
    assert (SCORES["times.imem"].unit, SCORES["times.imem"].unscaled_unit) == ("GiB", "bytes")
    assert (SCORES["parameters"].unit, SCORES["parameters"].unscaled_unit) == ("million", "")


def test_held_out_values_are_looked_up_first_where_metrics_jsonl_is_read() -> None:
    assert score_entry("mse") is None
    assert score_entry("mse", held_out=True) == HELD_OUT["mse"]
    assert score_entry("fvd", held_out=True) == SCORES["fvd"]
    assert score_entry("ltd", held_out=True) is None
