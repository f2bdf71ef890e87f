"""A denoiser that begins where another one was trained to."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from arch.interface import DenoiserConfig
from pvvae import config as codec
from pvvae.errors import ConfigError
from pvvae.pretrained.denoisers import check_denoiser_start, denoiser_config, start_denoiser
from tests.launchers.conftest import toy_latte_run
from tests.small_box import latte, small_box


@pytest.fixture(scope="module")
def boxed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_box(tmp_path_factory.mktemp("denoisers") / "box") / "vit_latte"


def started(config: DenoiserConfig, source: Path) -> dict[str, torch.Tensor]:
    torch.manual_seed(5)
    denoiser = config.build()
    start_denoiser(denoiser, config, source)
    return denoiser.state_dict()


def test_all_weights_are_those_it_starts_from(boxed: Path) -> None:
    packed = latte()
    assert denoiser_config(boxed) == packed.config.portable()
    found, wanted = started(packed.config, boxed), packed.denoiser.state_dict()
    assert all(torch.equal(found[name], wanted[name].half().float()) for name in wanted)


def test_classes_of_another_number_begin_as_no_class(boxed: Path) -> None:
    packed = latte()
    found = started(replace(packed.config, num_classes=4), boxed)
    wanted = packed.denoiser.state_dict()
    others = {name for name in wanted if found[name].shape != wanted[name].shape}
    assert others == {"label_table.weight"}
    null = wanted["label_table.weight"][-1].half().float()
    assert torch.equal(found["label_table.weight"], null.expand(5, -1))
    same = wanted.keys() - others
    assert all(torch.equal(found[name], wanted[name].half().float()) for name in same)


def test_a_run_is_started_from_as_a_box_is(tmp_path: Path) -> None:
    run = toy_latte_run(tmp_path / "latte", latents=tmp_path / "latents", vae=tmp_path / "vae")
    config = denoiser_config(run)
    check_denoiser_start(config, run)
    assert started(config, run).keys() == config.build().state_dict().keys()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"width": 64}, "was trained with another denoiser: denoiser.width: 128 != 64"),
        (
            {"num_classes": 0},
            "was trained with classes; set denoiser.num_classes to 2, or begin from scratch with "
            "init=null",
        ),
    ],
)
def test_another_denoiser_is_one_line(boxed: Path, changes: dict[str, int], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_denoiser_start(
            codec.decode(DenoiserConfig, codec.encode(latte().config) | changes, "denoiser"), boxed
        )
    assert str(caught.value) == f"{boxed}: {words}"


def test_what_holds_no_denoiser_is_one_line(boxed: Path) -> None:
    with pytest.raises(ConfigError, match="no such run folder"):
        denoiser_config(boxed.parent / "none")
