import json

from pvvae.metrics.results import FILE, Results, Value, protocol_differences, protocol_hash


def test_a_value_without_an_interval_has_none():
    assert Value(value=1.5).plain() == {"value": 1.5}
    found = Value(value=1.5, interval=(1.0, 2.0), note="12 clips").plain()
    assert found == {"value": 1.5, "interval": [1.0, 2.0], "note": "12 clips"}


def test_results_hold_all_that_they_depend_on(tmp_path):
    results = Results(
        metrics={"psnr": Value(value=30.0)},
        protocol={"size": "17x64x64"},
        counts={"clips": 3},
        weights={"i3d": "ab"},
        facts={"curves": {"psnr": [30.0]}},
        times={"encode_seconds": 0.1},
    )
    results.write(tmp_path / FILE)
    found = json.loads((tmp_path / FILE).read_text())
    assert found["metrics"]["psnr"]["value"] == 30.0
    assert found["protocol_hash"] == protocol_hash({"size": "17x64x64"})
    assert found["curves"] == {"psnr": [30.0]}
    assert found["versions"].keys() == {"torch", "numpy", "lpips"}


def test_a_hash_does_not_depend_on_the_order_of_keys():
    assert protocol_hash({"a": 1, "b": [2]}) == protocol_hash({"b": [2], "a": 1})
    assert protocol_hash({"a": 1}) != protocol_hash({"a": 2})


def test_differences_name_the_key_and_both_sides():
    one = {"size": "17x64x64", "fvd": {"frames": [17], "resize": "224"}}
    other = {"size": "17x128x128", "fvd": {"frames": [16], "resize": "224"}}
    assert protocol_differences(one, other) == [
        "fvd.frames: [17] against [16]",
        "size: 17x64x64 against 17x128x128",
    ]
    assert protocol_differences(one, one) == []


def test_what_one_side_did_not_measure_is_no_difference():
    one = {"size": "17x64x64", "fvd": {"frames": [17]}}
    assert protocol_differences(one, {"size": "17x64x64"}) == []
    assert protocol_differences(one, {"fvd": {"frames": [17]}}) == [
        "size: 17x64x64 against nothing"
    ]
