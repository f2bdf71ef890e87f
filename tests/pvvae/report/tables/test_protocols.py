from typing import Any

import pytest

from pvvae.metrics.results import protocol_hash
from pvvae.report.tables.protocols import all_differences, by_score, described, differences
from pvvae.report.tables.scores import Found, Score, metric

PSNR, FVD = (
    Score(
        title=name,
        source="a",
        read=metric("a", name),
        better=None,
        form=".1f",
        parts=(name,),
    )
    for name in ("psnr", "fvd")
)


def measured(protocol: dict[str, Any]) -> Found:
    metrics = {"psnr": {"value": 1.0}, "fvd": {"value": 2.0}}
    results = {
        "metrics": metrics,
        "protocol": protocol,
        "protocol_hash": protocol_hash(protocol),
        "counts": {"clips": 4},
    }
    return {"a": results}


ONE = measured({"size": "9x8x8", "fvd": {"frames": 16}})
OTHER = measured({"size": "9x8x8", "fvd": {"frames": 17}})
UNMEASURED = measured({"size": "9x8x8"})


def test_differences_name_both_sides() -> None:
    named = [("x", ONE), ("y", UNMEASURED), ("z", OTHER), ("w", OTHER)]
    assert differences(named, "a") == {"fvd": ["fvd.frames: 16 against 17 (x against z, w)"]}
    assert all_differences(named[:2]) == []


def test_what_the_first_did_not_measure_may_differ_between_the_others() -> None:
    named = [("x", UNMEASURED), ("y", ONE), ("z", OTHER)]
    assert all_differences(named) == ["fvd.frames: 16 against 17 (y against z)"]


def test_a_plain_part_that_one_lacks_is_a_difference() -> None:
    named = [("x", measured({})), ("y", UNMEASURED)]
    assert all_differences(named) == ["size: nothing against 9x8x8 (x against y)"]


def test_a_part_of_one_metric_matters_to_that_metric_alone() -> None:
    found = by_score([PSNR, FVD], [("x", ONE), ("z", OTHER)])
    assert list(found) == ["fvd"]


@pytest.mark.parametrize(
    ("one", "other"),
    [({"size": "9x8x8"}, {"size": "9x9x9"}), ({"clips": {"num": 4}}, {"clips": {"num": 5}})],
)
def test_size_and_clips_matter_to_all(one: dict[str, Any], other: dict[str, Any]) -> None:
    found = by_score([PSNR, FVD], [("x", measured(one)), ("z", measured(other))])
    assert list(found) == ["psnr", "fvd"]


def test_a_part_of_a_metric_that_is_no_column_matters_to_none() -> None:
    named = [("x", measured({"lpips": {"a": 1}})), ("z", measured({"lpips": {"a": 2}}))]
    assert by_score([PSNR, FVD], named) == {}


def test_subjects_of_one_protocol_share_a_line() -> None:
    lines = described([("x", ONE), ("y", ONE), ("z", OTHER)])
    assert len(lines) == 2
    assert lines[0].startswith("x, y: 9x8x8, 4 clips, protocol ")


def test_speed_is_described_by_device_batch_and_size() -> None:
    timed = measured({"size": "9x8x8", "ispeed": {"device": "CPU", "batch": 2, "steps": 3}})
    (line,) = described([("x", timed)])
    assert line.startswith("x: CPU, batch 2, 9x8x8, protocol ")
