"""Clips that a page can be about."""

import pytest

from pvvae.analysis.clips import AnalysedClips, ClipQuestion
from pvvae.data.scenes import SceneSettings, packaged_pictures
from pvvae.data.scenes.shards import SceneSet, write_scenes
from pvvae.probes.head import HeadConfig
from pvvae.probes.tasks import FlowTask
from pvvae.probes.trained import ProbeQuestion


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> ProbeQuestion:
    folder = tmp_path_factory.mktemp("page") / "scenes"
    settings = SceneSettings(height=16, width=16, frames=5, texel=4.0)
    made = SceneSet(settings=settings, clips=2, seed=1, shards=1)
    write_scenes(folder, made, pictures=packaged_pictures())
    clips = AnalysedClips(ClipQuestion(where=folder, num=2, frames=5, height=16, width=16, seed=0))
    head = HeadConfig(steps=1)
    return ProbeQuestion(task=FlowTask(), train=clips, test=clips, head=head, seeds=1, shown=1)
