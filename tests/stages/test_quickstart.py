"""The quickstart's stages, few steps each, from a small box in the place of the project's."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from launchers import cli
from launchers.machines.command import StageCommand
from launchers.machines.pipeline import read_pipeline
from pvvae.box import open_box
from pvvae.pretrained.denoisers import denoiser_config
from pvvae.pretrained.runs import load_vae
from pvvae.report.demo.cast import cast_after
from stages import program
from tests.small_box import small_box
from tests.tiny import CONFIGS

pytestmark = pytest.mark.usefixtures("group")
LOOKS = ["loop.log_every=2", "loop.evaluate_every=2", "loop.checkpoint_every=2"]
SHORT = {
    "image_pretrain": ["steps=2", "held_out.clips=2", *LOOKS],
    "predictive": ["steps=2", "held_out.clips=2", *LOOKS],
    "decoder_finetune": ["steps=2", "held_out.clips=2", "objective.gan_start=0", *LOOKS],
    "extract_latents": [],
    "latte": ["steps=2", "batch=4", "validation_clips=2", *LOOKS],
    "generate": ["num=2", "batch=2", "sampler.steps=2"],
}
"""Changes to each stage's config: the same, in seconds."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where all of the Transformer's stages were run."""
    folder, before = tmp_path_factory.mktemp("quickstart"), Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pvvae.pretrained.box.SHIPPED", small_box(folder / "box"))
        os.chdir(folder)
        try:
            _run_all()
            yield folder
        finally:
            os.chdir(before)


def _run_all() -> None:
    for name, seed in (("train", 0), ("held_out", 1)):
        words = f"data scenes --out data/quickstart/{name} --clips 6 --seed {seed} --shards 2"
        look = "--size 64x64 --frames 17 --kinds slide pan zoom"
        assert cli.main([*words.split(), *look.split()]) == 0
    joined = ["data/quickstart/train"] * 2
    assert cli.main(["data", "join", *joined, "--out", "data/quickstart/mixed"]) == 0
    for stage, words in SHORT.items():
        path = CONFIGS / f"quickstart/vit/{stage}.yaml"
        start, config = program.load(path, words)
        config.check(1)
        start(config)


def test_every_command_of_the_pipeline_is_a_stage_of_the_box_or_looks_at_them(
    finished: Path,
) -> None:
    pipeline = read_pipeline(CONFIGS / "quickstart.yaml")
    stages = [c.config.stem for c in pipeline.commands if isinstance(c, StageCommand)]
    evaluations = ["evaluate_reconstruction", "evaluate_generation"]
    assert stages == [*SHORT, *evaluations] * 2
    assert pipeline.commands[-1].words[:3] == ("demo", "--after", "runs/quickstart")


def test_the_networks_are_the_boxs_a_little_further_on(finished: Path) -> None:
    box = open_box()
    boxed, trained = box.vae("vit"), load_vae(Path("runs/quickstart/vit/predictive"))
    distances = [
        float((after - before).norm() / before.norm().clamp(min=1e-6))
        for before, after in zip(boxed.parameters(), trained.parameters(), strict=True)
    ]
    assert 0 < max(distances) < 0.2
    assert denoiser_config(Path("runs/quickstart/vit/latte")).num_classes == 3


def test_the_decoder_is_fine_tuned_with_the_encoder_as_it_was(finished: Path) -> None:
    video, tuned = (
        load_vae(Path(f"runs/quickstart/vit/{stage}")).backbone
        for stage in ("predictive", "decoder_finetune")
    )
    pairs = zip(video.encoder.parameters(), tuned.encoder.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_what_they_became_is_shown_beside_what_they_were(finished: Path) -> None:
    cast = cast_after(open_box(), Path("runs/quickstart"))
    assert list(cast.groups) == ["Transformer"]
    assert list(cast.everyone) == ["Transformer, before", "Transformer, after"]
    labels = [sampler.label for sampler in cast.samplers]
    assert labels == ["Transformer, before", "Transformer, after"]
