"""``like:`` takes a network's keys from where the network is."""

from pathlib import Path

import pytest

from pvvae import config as codec
from pvvae.errors import ConfigError
from stages import program
from tests.small_box import backbone, latte, small_box
from tests.tiny import CONFIGS


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_box(tmp_path_factory.mktemp("like") / "box")


def test_a_network_has_the_keys_of_the_other_and_those_beside(box: Path) -> None:
    plain = {
        "backbone": {"like": str(box / "vit")},
        "denoiser": {"like": str(box / "vit_latte"), "num_classes": 7},
    }
    found = program.spelled_out(plain)
    assert found["backbone"] == codec.encode(backbone())
    assert found["denoiser"] == codec.encode(latte().config) | {"num_classes": 7}


def test_networks_with_keys_of_their_own_stay_as_they_are() -> None:
    plain = {"backbone": {"name": "vit"}, "steps": 3}
    assert program.spelled_out(plain) == plain


def test_the_box_is_looked_into_where_it_lies(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pvvae.pretrained.box.SHIPPED", box)
    found = program.spelled_out({"backbone": {"like": "box:vit"}})
    assert found["backbone"] == codec.encode(backbone())


def test_a_network_that_is_not_there_is_one_line_with_its_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^backbone\.like: .*/none: no such run folder"):
        program.spelled_out({"backbone": {"like": str(tmp_path / "none")}})


def test_a_stages_config_is_resolved_with_the_network_itself(box: Path, tmp_path: Path) -> None:
    path = tmp_path / "stage.yaml"
    path.write_text(
        f"extends: {CONFIGS}/tiny/shared/predictive.yaml\n"
        f"backbone: {{like: {box}/vit}}\ninit: {box}/vit\ndiscriminator: null\nrun: runs/x\n"
    )
    _, config = program.load(path, [])
    plain = program.resolved(config)
    assert plain["backbone"] == codec.encode(backbone())
    assert plain["init"] == str(box / "vit")
