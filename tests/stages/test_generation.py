"""What is measured of samples, and which samples are refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from pvvae.errors import ConfigError
from pvvae.metrics import fvd as fvd_module
from stages import program
from tests.pvvae.metrics.small_c3d import write_small_c3d
from tests.pvvae.metrics.small_i3d import Features
from tests.tiny import CONFIGS

pytestmark = pytest.mark.usefixtures("group")


@pytest.fixture
def samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of stage generate, with three samples; real clips lie beside it in ``real``."""
    monkeypatch.setattr(fvd_module, "I3D", Features)
    generator = np.random.default_rng(0)
    for folder in ("samples/clips", "real"):
        (tmp_path / folder).mkdir(parents=True)
        for i in range(3):
            clip = generator.integers(0, 255, (17, 32, 32, 3), np.uint8)
            np.save(tmp_path / folder / f"{i:06d}.npy", clip)
    return tmp_path / "samples"


def evaluate(samples: Path, *words: str) -> dict:
    """results.json of the evaluation."""
    run = samples.parent / "run"
    facts = [f"run={run}", f"samples={samples}", f"real={samples.parent}/real", "num=3"]
    start, config = program.load(
        CONFIGS / "shared/evaluate_generation.yaml", [*facts, "height=32", "width=32", *words]
    )
    start(config)
    return json.loads((run / "results.json").read_text())


def test_samples_of_no_class_have_no_inception_score(samples):
    for labels in (None, ["", "", ""]):
        if labels is not None:
            (samples / "labels.json").write_text(json.dumps(labels))
            (samples.parent / "run/finished.json").unlink()
        found = evaluate(samples)
        assert sorted(found["metrics"]) == ["fvd", "kvd"]
        assert found["counts"] == {"real": 3, "samples": 3, "skipped": 0}
        assert found["weights"].keys() == {"i3d"}
        assert "3 clips, fewer than I3D's 400 features" in found["metrics"]["fvd"]["note"]


def test_features_of_real_clips_that_another_run_has_left_change_nothing(samples, tmp_path):
    kept = tmp_path / "features"
    alone = evaluate(samples)
    found = []
    for _ in range(2):
        (samples.parent / "run/finished.json").unlink()
        found.append(evaluate(samples, f"real_features={kept}"))
    assert found == [alone, alone]
    assert len(list(kept.iterdir())) == 3


def test_samples_of_classes_have_a_score_over_i3d_s_under_its_own_name(samples):
    (samples / "labels.json").write_text('["cats", "dogs", "cats"]')
    found = evaluate(samples)
    assert {"is_i3d_k400", "is_i3d_k400_one_split"} <= found["metrics"].keys()
    assert not any("c3d" in name for name in found["metrics"])
    assert found["protocol"]["is_i3d_k400"]["num_generated"] == 3
    manifest = json.loads((samples.parent / "run/eval_manifest.json").read_text())
    assert len(manifest["clips"]) == 3


def test_c3d_s_score_stands_beside_it_where_its_weights_are_named(samples, tmp_path):
    (samples / "labels.json").write_text('["cats", "dogs", "cats"]')
    weights, mean = write_small_c3d(tmp_path)
    found = evaluate(samples, f"c3d={weights}", f"c3d_mean={mean}")
    assert {"is_c3d_ucf101", "is_i3d_k400"} <= found["metrics"].keys()
    assert found["weights"].keys() == {"i3d", "c3d_ucf101", "c3d_mean"}
    assert found["protocol"].keys() >= {"is_c3d_ucf101", "is_i3d_k400", "fvd", "clips", "size"}


def test_c3d_is_asked_for_by_its_weights_and_a_wrong_file_is_one_line(samples, tmp_path):
    (samples / "labels.json").write_text('["cats", "dogs", "cats"]')
    wrong = tmp_path / "c3d.npz"
    wrong.write_bytes(b"no archive")
    with pytest.raises(ConfigError, match=r"c3d\.npz: not an npz of plain arrays"):
        evaluate(samples, f"c3d={wrong}", f"c3d_mean={wrong}")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["num=4"], "samples: has 3 samples, num asks for 4"),
        (["height=48"], "samples: samples are 32x32, height and width ask for 48x32"),
        (["num=1"], "num: must be at least 2, got 1"),
    ],
)
def test_samples_that_do_not_fit_are_one_line(words, message, samples):
    with pytest.raises(ConfigError, match=message):
        evaluate(samples, *words)
