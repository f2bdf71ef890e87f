"""The codec between YAML and frozen dataclasses."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from arch import registry
from arch.interface import BackboneConfig
from pvvae import config as codec
from pvvae.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Inner:
    lr: float = 5e-5
    betas: tuple[float, float] = (0.9, 0.999)

    def __post_init__(self) -> None:
        if self.lr <= 0:
            raise ValueError(f"lr must be positive, got {self.lr}")


@dataclass(frozen=True, kw_only=True)
class Outer:
    steps: int
    inner: Inner = Inner()
    many: tuple[Inner, ...] = ()
    init: str | None = None
    pad: Literal["learnable", "gaussian"] = "learnable"
    flag: bool = False


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def read(path: Path, *overrides: str) -> Outer:
    data = codec.apply_overrides(codec.read_yaml(path), overrides)
    del data["plugins"]
    return codec.decode(Outer, data)


def test_a_file_overrides_what_it_extends_key_by_key(tmp_path: Path) -> None:
    write(tmp_path / "base.yaml", "steps: 1\ninner: {lr: 0.1, betas: [0.5, 0.6]}")
    top = write(tmp_path / "top.yaml", "extends: base.yaml\ninner: {lr: 0.2}")
    assert read(top) == Outer(steps=1, inner=Inner(lr=0.2, betas=(0.5, 0.6)))


def test_of_several_bases_the_later_one_wins(tmp_path: Path) -> None:
    write(tmp_path / "shared/one.yaml", "steps: 1\ninit: one")
    write(tmp_path / "shared/two.yaml", "extends: one.yaml\nsteps: 2")
    write(tmp_path / "three.yaml", "init: three")
    top = write(tmp_path / "mine/top.yaml", "extends: [../shared/two.yaml, ../three.yaml]")
    assert read(top) == Outer(steps=2, init="three")


def test_a_list_replaces_the_list_below(tmp_path: Path) -> None:
    write(tmp_path / "base.yaml", "steps: 1\nmany: [{lr: 1}, {lr: 2}]")
    top = write(tmp_path / "top.yaml", "extends: base.yaml\nmany: [{lr: 3}]")
    assert read(top).many == (Inner(lr=3.0),)


def test_another_name_replaces_the_mapping_below_whole(tmp_path: Path) -> None:
    write(tmp_path / "base.yaml", "backbone: {name: cnn, head_dim: 64}")
    top = write(tmp_path / "top.yaml", "extends: base.yaml\nbackbone: {name: vit, width: 8}")
    assert codec.read_yaml(top)["backbone"] == {"name": "vit", "width": 8}
    same = write(tmp_path / "same.yaml", "extends: base.yaml\nbackbone: {name: cnn, width: 8}")
    assert codec.read_yaml(same)["backbone"] == {"name": "cnn", "head_dim": 64, "width": 8}


def test_overrides_are_yaml_and_the_last_one_wins(tmp_path: Path) -> None:
    top = write(tmp_path / "top.yaml", "steps: 1\ninit: here")
    words = ("inner.lr=1e-4", "steps=2", "steps=3", "init=null", "many=[{lr: 7}]", "flag=true")
    expected = Outer(steps=3, inner=Inner(lr=1e-4), many=(Inner(lr=7.0),), flag=True)
    assert read(top, *words) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [("5e-5", 5e-5), ("1e4", 1e4), ("5.0e-5", 5e-5), ("3", 3.0), ("-1E-2", -0.01)],
)
def test_a_number_in_any_notation_is_a_number(text: str, value: float) -> None:
    plain = codec.apply_overrides({}, [f"lr={text}"])
    decoded: float = codec.decode(float, plain["lr"])
    assert decoded == value
    assert isinstance(decoded, float)


def test_a_whole_number_may_be_written_with_an_exponent() -> None:
    assert codec.decode(Outer, {"steps": 3e5}).steps == 300_000


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"stpes": 1}, "stpes: Outer has no such key; did you mean 'steps'?"),
        (
            {"steps": 1, "inner": {"zzz": 1}},
            "inner.zzz: Inner has no such key; its keys: lr, betas",
        ),
        ({}, "steps: missing; Outer needs this key"),
        ({"steps": "5e-5"}, "steps: must be a whole number, got '5e-5'"),
        ({"steps": True}, "steps: must be a whole number, got True"),
        ({"steps": None}, "steps: must be a whole number, got None"),
        ({"steps": 1, "flag": 1}, "flag: must be true or false, got 1"),
        ({"steps": 1, "init": 7}, "init: must be a text, got 7"),
        ({"steps": 1, "inner": {"betas": [1]}}, "inner.betas: must have 2 entries, got 1"),
        ({"steps": 1, "inner": {"betas": 0.9}}, "inner.betas: must be a list, got 0.9"),
        ({"steps": 1, "many": [{"lr": "x"}]}, "many[0].lr: must be a number, got 'x'"),
        ({"steps": 1, "pad": "zeros"}, "pad: must be one of learnable, gaussian; got 'zeros'"),
        ({"steps": 1, "inner": {"lr": -1}}, "inner: lr must be positive, got -1.0"),
        ({"steps": 1, "inner": 3}, "inner: must be a mapping of Inner's keys, got 3"),
    ],
)
def test_a_mistake_is_named_by_its_path_and_what_would_be_right(
    data: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError) as error:
        codec.decode(Outer, data)
    assert str(error.value) == message


def test_a_backbone_without_a_name_lists_the_names() -> None:
    known = ", ".join(registry.names(BackboneConfig))
    with pytest.raises(ConfigError, match=f"backbone: needs a name; known names: {known}"):
        codec.decode(BackboneConfig, {"latent_channels": 4}, "backbone")


def test_a_resolved_config_loads_back_equal() -> None:
    config = Outer(steps=3, inner=Inner(lr=5e-5), many=(Inner(lr=1.0),), init="a")
    assert codec.decode(Outer, codec.encode(config)) == config


def test_a_resolved_shipped_config_loads_back_equal_from_its_yaml(tmp_path: Path) -> None:
    import yaml

    from launchers.machines.shipped_configs import ROOT
    from stages import program

    _, config = program.load(ROOT / "tiny/cnn/predictive.yaml", ["optimizer.lr=5e-5"])
    resolved = write(tmp_path / "config.yaml", yaml.safe_dump(program.resolved(config)))
    assert program.load(resolved, [])[1] == config


def test_differences_are_named_by_their_paths() -> None:
    one = codec.encode(Outer(steps=1))
    two = codec.encode(Outer(steps=2, inner=Inner(lr=0.1)))
    assert codec.differences(one, two) == ["steps: 1 != 2", "inner.lr: 5e-05 != 0.1"]
    assert codec.differences(one, one) == []


PLUGIN = """
from dataclasses import dataclass
from arch.interface import BackboneConfig
from arch.registry import register

@register(BackboneConfig, "{name}")
@dataclass(frozen=True, kw_only=True)
class Mine(BackboneConfig):
    depth: int
    def build(self): ...
"""


def test_a_plugin_beside_the_yaml_that_names_it_registers_a_network(tmp_path: Path) -> None:
    write(tmp_path / "shared/mine.py", PLUGIN.format(name="of_a_plugin"))
    text = "plugins: [mine.py]\nbackbone: {name: of_a_plugin, latent_channels: 4, depth: 2}"
    write(tmp_path / "shared/base.yaml", text)
    top = write(tmp_path / "top.yaml", "extends: shared/base.yaml\nbackbone: {depth: 3}")
    data = codec.read_yaml(top)
    codec.load_plugins(data)
    codec.load_plugins(data)  # a second time is nothing
    config = codec.decode(BackboneConfig, data["backbone"], "backbone")
    assert codec.encode(config) == {"name": "of_a_plugin", "latent_channels": 4, "depth": 3}


def test_a_plugin_that_takes_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "mine.py", PLUGIN.format(name="cnn"))
    message = r"mine\.py: ValueError: BackboneConfig 'cnn' is already in arch\.cnn"
    for _ in range(2):  # it does not count as loaded
        with pytest.raises(ConfigError, match=message):
            codec.load_plugins({"plugins": [str(tmp_path / "mine.py")]})
