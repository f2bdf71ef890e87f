from typing import Any

import pytest

from pvvae import config as codec
from pvvae.errors import ConfigError
from pvvae.study.spec.entries import Measure, MeasureEntry


def shown(**keys: Any) -> Measure:
    return codec.decode(MeasureEntry, {"stage": "rebuilt", **keys}).measure("it")


@pytest.mark.parametrize(
    ("keys", "label", "unit", "higher_is_better"),
    [
        ({"value": "psnr"}, "PSNR", "dB", True),
        ({"value": "psnr", "of": "held_out"}, "held-out PSNR", "dB", True),
        ({"value": "rfvd"}, "rFVD", "", False),
        ({"value": "times.ispeed"}, "ISpeed", "it/s", True),
        ({"value": "times.tmem_cached"}, "Latents cached TMem", "bytes", False),
        ({"value": "parameters"}, "Parameters", "", False),
    ],
)
def test_a_measure_takes_its_words_from_the_tables(
    keys: dict[str, str], label: str, unit: str, higher_is_better: bool
) -> None:
    found = shown(**keys)
    assert (found.name, found.label, found.unit) == ("it", label, unit)
    assert found.higher_is_better == higher_is_better


def test_words_that_a_study_gives_stand() -> None:
    given = shown(value="psnr", label="quality", unit="", better="lower")
    assert (given.label, given.unit, given.higher_is_better) == ("quality", "", False)


def test_a_value_that_no_table_knows_needs_a_label() -> None:
    assert shown(value="sharpness", label="sharp").label == "sharp"
    with pytest.raises(ConfigError) as caught:
        shown(value="sharpness")
    assert str(caught.value) == (
        "label: missing, and no table has a score 'sharpness' to take it from"
    )
