"""Every source beside its rivals; cut anywhere, the same numbers."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from arch.interface import Stride
from pvvae.analysis.clips import AnalysedClips, ClipQuestion
from pvvae.data.scenes import SceneSettings, packaged_pictures
from pvvae.data.scenes.shards import SceneSet, write_scenes
from pvvae.errors import ConfigError
from pvvae.probes.features import FeatureSource, PixelFeatures
from pvvae.probes.head import HeadConfig
from pvvae.probes.tasks import FlowTask
from pvvae.probes.trained import ProbeQuestion, probe_trained

HEAD = HeadConfig(width=8, blocks=1, steps=4, batch=2)


class CountedPixels(PixelFeatures):
    """Pixels that fail once so many clips were looked at."""

    def __init__(self, most: int) -> None:
        super().__init__(Stride(4, 8))
        self.left = most

    def features(self, x: torch.Tensor, *, clip: str) -> torch.Tensor:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        return super().features(x, clip=clip)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, AnalysedClips]:
    found = {}
    for seed, (name, clips) in enumerate({"train": 6, "test": 3}.items(), start=1):
        folder = tmp_path_factory.mktemp("trained") / name
        settings = SceneSettings(height=16, width=16, frames=5, texel=4.0)
        made = SceneSet(settings=settings, clips=clips, seed=seed, shards=1)
        write_scenes(folder, made, pictures=packaged_pictures())
        found[name] = AnalysedClips(
            ClipQuestion(where=folder, num=clips, frames=5, height=16, width=16, seed=0)
        )
    return found


class Told(FeatureSource):
    """The true flow of each clip, times a factor: with 0 nothing is told."""

    def __init__(self, clips: list[AnalysedClips], factor: float) -> None:
        self.label, self.about, self.stride = "told", f"{factor:g} times", Stride(1, 1)
        self.digest, self._factor = self.about, factor
        self._flows = {
            chosen.sha256: torch.from_numpy(one.flow(n, one.frames(n))).permute(3, 0, 1, 2)
            for one in clips
            for n, chosen in enumerate(one.drawn.chosen)
        }

    def features(self, x: torch.Tensor, *, clip: str) -> torch.Tensor:
        flow = self._factor * self._flows[clip]
        return torch.cat([torch.zeros_like(flow[:, :1]), flow], dim=1)[None]


def _question(scenes: dict[str, AnalysedClips], *, test: str = "test") -> ProbeQuestion:
    return ProbeQuestion(
        task=FlowTask(), train=scenes["train"], test=scenes[test], head=HEAD, seeds=2, shown=1
    )


def _numbers(source: FeatureSource, scenes: dict[str, AnalysedClips], out: Path) -> object:
    (found,) = probe_trained([[source]], _question(scenes), out)
    return found.results.metrics, found.results.facts


def test_a_probe_that_was_cut_finds_the_same_numbers(
    scenes: dict[str, AnalysedClips], tmp_path: Path
) -> None:
    whole = _numbers(CountedPixels(99), scenes, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        _numbers(CountedPixels(4), scenes, tmp_path / "cut")
    with pytest.raises(KeyboardInterrupt):  # one head is there, and no clip to test it on
        _numbers(CountedPixels(2), scenes, tmp_path / "cut")
    assert _numbers(CountedPixels(3), scenes, tmp_path / "cut") == whole
    assert _numbers(CountedPixels(0), scenes, tmp_path / "cut") == whole


def test_rivals_stand_beside_and_the_file_is_there(
    scenes: dict[str, AnalysedClips], tmp_path: Path
) -> None:
    (found,) = probe_trained([[PixelFeatures(Stride(4, 8))]], _question(scenes), tmp_path)
    assert {"probe_epe", "zero_epe", "mean_epe", "dis_epe_moving"} <= found.results.metrics.keys()
    assert found.results.counts == {"clips": 3, "fitted_on": 5, "chosen_by": 1, "heads": 2}
    assert len(found.results.facts["by_seed"]) == 2
    assert found.answers[0].shape == (2, 4, 16, 16)
    assert (tmp_path / "analysis.json").is_file()


def test_the_best_of_several_is_chosen_on_clips_that_no_head_has_learned_from(
    scenes: dict[str, AnalysedClips], tmp_path: Path
) -> None:
    clips = list(scenes.values())
    silent, telling = Told(clips, 0.0), Told(clips, 1.0)
    question = replace(_question(scenes), head=replace(HEAD, steps=60, lr=1e-2))
    (best,) = probe_trained([[silent, telling]], question, tmp_path / "both")
    (alone,) = probe_trained([[telling]], question, tmp_path / "alone")
    assert best.about == "1 times"
    assert best.results.metrics == alone.results.metrics
    assert best.errors[:, 0].mean().item() == best.results.metrics["probe_epe"].value
    (other,) = probe_trained([[silent]], question, tmp_path / "silent")
    assert best.results.facts["validation"] < other.results.facts["validation"]


def test_clips_that_were_learned_from_are_no_test(
    scenes: dict[str, AnalysedClips], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="6 of 6 clips are in --train too"):
        probe_trained([[PixelFeatures(Stride(4, 8))]], _question(scenes, test="train"), tmp_path)
