"""Latents of several VAEs, analysed."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pvvae.analysis import latents as module
from pvvae.analysis.clips import AnalysedClips, ClipQuestion
from pvvae.analysis.latents import FILE, MEASURED, analyse_latents, forget
from pvvae.data.clips import to_pixels
from pvvae.errors import ConfigError
from pvvae.metrics.latent_distance import latent_distance
from pvvae.pretrained.runs import load_vae


def _clips(where: Path, **changes: object) -> AnalysedClips:
    asked = {"num": 10, "frames": 9, "height": 32, "width": 32, "seed": 0} | changes
    return AnalysedClips(ClipQuestion(where=where, **asked))  # type: ignore[arg-type]


def _sources(vaes: Path, *names: str) -> dict[str, str]:
    return {name: str(vaes / name) for name in names}


def _without_times(out: Path) -> dict:
    found = json.loads((out / FILE).read_text())
    for run in found["runs"].values():
        run.pop("times")
    return found


def test_numbers_of_two_vaes_stand_side_by_side(tmp_path: Path, scenes: Path, vaes: Path) -> None:
    found = analyse_latents(_sources(vaes, "one", "two"), _clips(scenes), tmp_path)
    assert [one.label for one in found] == ["one", "two"]
    metrics = found[0].results.metrics
    assert metrics["channels_active"].value + metrics["channels_dead"].value == 6
    assert 1 <= metrics["rank_channels"].value <= 6
    assert metrics["viv"].interval[0] < metrics["viv"].value < metrics["viv"].interval[1]
    assert -1 <= metrics["activation_pearson"].value <= 1
    assert 0 < metrics["sec_50"].value < metrics["sec_25"].value < 1
    assert metrics["viv"].value != found[1].results.metrics["viv"].value
    assert found[0].results.facts["latent_shape"] == [6, 3, 4, 4]
    assert found[0].results.protocol["flow"] == "the scenes' own"
    plain = json.loads((tmp_path / FILE).read_text())
    assert set(plain["runs"]) == {"one", "two"}
    assert plain["sources"] == _sources(vaes, "one", "two")


def test_latents_are_normalised_as_a_denoiser_would_have_them(
    tmp_path: Path, scenes: Path, vaes: Path
) -> None:
    clips = _clips(scenes)
    found = analyse_latents(_sources(vaes, "one"), clips, tmp_path)[0]
    vae = load_vae(vaes / "one")
    with torch.inference_mode():
        posteriors = [vae.backbone.encode(to_pixels(clip.frames)) for clip in clips.drawn]
    mean = torch.cat([p.mean for p in posteriors]).double()
    variance = torch.cat([p.logvar for p in posteriors]).double().exp()
    over = (0, 2, 3, 4)
    centre = mean.mean(over)
    deviation = (mean.square() + variance).mean(over).sub(centre.square()).sqrt()
    scale = found.results.facts["scale"]
    np.testing.assert_allclose(scale["mean"], centre, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(scale["std"], deviation, rtol=1e-5)
    z = torch.cat(list(found.kept.batches(found.kept.scale())))
    assert float(z.mean()) == pytest.approx(0.0, abs=0.05)
    assert float(z.std()) == pytest.approx(1.0, abs=0.05)
    expected = latent_distance(z)[:, 0]
    np.testing.assert_allclose(
        found.results.facts["latent_distance"]["adjacent"], expected, rtol=1e-6
    )


def test_cut_anywhere_it_goes_on_to_the_same_numbers(
    tmp_path: Path, scenes: Path, vaes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyse_latents(_sources(vaes, "one", "two"), _clips(scenes), tmp_path / "whole")
    encoded, calls = module.encoded, []

    def cut(*args: object, **kwargs: object) -> object:
        calls.append(1)
        if len(calls) == 14:
            raise KeyboardInterrupt
        return encoded(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "encoded", cut)
    with pytest.raises(KeyboardInterrupt):
        analyse_latents(_sources(vaes, "one", "two"), _clips(scenes), tmp_path / "cut")
    assert len(list((tmp_path / "cut" / MEASURED).iterdir())) == 13
    analyse_latents(_sources(vaes, "one", "two"), _clips(scenes), tmp_path / "cut")
    assert len(calls) == 21  # ten and ten, and the one that was cut
    assert _without_times(tmp_path / "cut") == _without_times(tmp_path / "whole")
    forget(tmp_path / "cut")
    assert not (tmp_path / "cut" / MEASURED).exists()


def test_nothing_of_a_clip_stays_in_memory(tmp_path: Path, scenes: Path, vaes: Path) -> None:
    found = analyse_latents(_sources(vaes, "one"), _clips(scenes, num=4), tmp_path)[0]
    assert found.kept.kept._mine == {}


def test_flow_is_the_truth_on_scenes_and_an_estimate_where_it_is_asked_for(
    tmp_path: Path, scenes: Path, shards: Path
) -> None:
    assert _clips(scenes).scene(0) is not None
    assert _clips(scenes, flow="dis").scene(0) is None
    other = _clips(shards / "held_out", num=2)
    assert other.protocol()["flow"].startswith("DIS")
    assert other.flow(0, other.frames(0)).shape == (8, 32, 32, 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"flow": "truth", "height": 16, "width": 16}, "known at 32 x 32, not 16 x 16"),
        ({"frames": 1}, "a clip of 1 frame has no motion"),
        ({"flow": "dis", "height": 8, "width": 8}, "cannot be estimated of 8 x 8 pixels"),
    ],
)
def test_what_cannot_be_asked_is_one_line(
    scenes: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        _clips(scenes, **changes)


def test_a_size_that_the_vae_does_not_take_names_the_vae(
    tmp_path: Path, scenes: Path, vaes: Path
) -> None:
    with pytest.raises(ConfigError, match="one: height must be a multiple of 8, got 20"):
        analyse_latents(_sources(vaes, "one"), _clips(scenes, height=20), tmp_path)
