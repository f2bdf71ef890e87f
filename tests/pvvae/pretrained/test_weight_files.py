"""Names of files of weights, and how new ones take the place of old ones."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from pvvae.errors import ConfigError
from pvvae.pretrained import weight_files
from pvvae.pretrained.weight_files import CONFIG, find, index_of, name_of, pickle_of, placing

ONE, TWO = (f"diffusion_pytorch_model-0000{k}-of-00002.safetensors" for k in (1, 2))


def fill(folder: Path, names: list[str], *, value: float) -> None:
    """A weight in each file, a config and, for several files, an index."""
    for name in names:
        save_file({name: torch.full((2,), value)}, folder / name)
    (folder / CONFIG).write_text(json.dumps({"value": value}))
    if len(names) > 1:
        (folder / index_of(None)).write_text(json.dumps({"weight_map": {n: n for n in names}}))


def values(folder: Path) -> set[float]:
    return {float(weight[0]) for weight in weight_files.read(folder, None).values()}


def test_names_are_those_of_diffusers() -> None:
    assert name_of(None) == "diffusion_pytorch_model.safetensors"
    assert name_of("fp16") == "diffusion_pytorch_model.fp16.safetensors"
    assert index_of(None) == "diffusion_pytorch_model.safetensors.index.json"
    assert index_of("fp16") == "diffusion_pytorch_model.safetensors.index.fp16.json"
    assert pickle_of("fp16") == "diffusion_pytorch_model.fp16.bin"


def test_an_index_goes_before_a_file(tmp_path: Path) -> None:
    assert find(tmp_path, None) == []
    fill(tmp_path, [name_of(None)], value=1.0)
    assert find(tmp_path, None) == [tmp_path / name_of(None)]
    fill(tmp_path, [ONE, TWO], value=2.0)
    assert find(tmp_path, None) == [tmp_path / ONE, tmp_path / TWO]
    assert values(tmp_path) == {2.0}
    assert find(tmp_path, "fp16") == []


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", '{"weight_map": 3}', '{"weight_map": {"a": 3}}']
)
def test_a_damaged_index_is_one_line(content: str, tmp_path: Path) -> None:
    (tmp_path / index_of(None)).write_text(content)
    with pytest.raises(ConfigError, match=f"^{tmp_path / index_of(None)}: [^\\n]+$"):
        find(tmp_path, None)


@pytest.mark.parametrize("name", ["../x.safetensors", "/x.safetensors", "x.bin", "x.pt"])
def test_an_index_names_safetensors_beside_it_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / index_of("fp16")).write_text(json.dumps({"weight_map": {"a": name}}))
    with pytest.raises(ConfigError, match=r"which is not a \.safetensors file beside it"):
        find(tmp_path, None)  # diffusers reads indices of several names


def test_a_shard_that_is_missing_is_named(tmp_path: Path) -> None:
    fill(tmp_path, [ONE, TWO], value=1.0)
    (tmp_path / TWO).unlink()
    with pytest.raises(ConfigError, match=f"^{tmp_path / TWO}: no such file$"):
        weight_files.read(tmp_path, None)


@pytest.mark.parametrize("before", [[name_of(None)], [ONE, TWO]])
@pytest.mark.parametrize("after", [[name_of(None)], [ONE, TWO]])
def test_new_files_take_the_place_of_old_ones(
    before: list[str], after: list[str], tmp_path: Path
) -> None:
    for names, value in ((before, 1.0), (after, 2.0)):
        with placing(tmp_path, variant=None) as partial:
            fill(partial, names, value=value)
    assert values(tmp_path) == {2.0}
    index = {index_of(None)} if len(after) > 1 else set()
    assert {path.name for path in tmp_path.iterdir()} == {CONFIG, *after, *index}


@pytest.mark.parametrize("before", [[name_of(None)], [ONE, TWO]])
@pytest.mark.parametrize("after", [[name_of(None)], [ONE, TWO]])
def test_whatever_is_cut_short_no_file_of_one_save_is_read_with_those_of_another(
    before: list[str], after: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kept in range(4):
        folder = tmp_path / str(kept)
        with placing(folder, variant=None) as partial:
            fill(partial, before, value=1.0)
        moved: list[str] = []

        def replace(source: Path, target: Path, kept: int = kept, moved: list[str] = moved) -> None:
            if len(moved) == kept:
                raise KeyboardInterrupt
            moved.append(target.name)
            source.rename(target)

        with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
            patch.setattr("pvvae.pretrained.weight_files.os.replace", replace)
            with placing(folder, variant=None) as partial:
                fill(partial, after, value=2.0)
        if find(folder, None):
            assert len(values(folder)) == 1
        assert not list(folder.glob("*.partial"))


def test_what_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ConfigError, match="cannot be written"),
        placing(tmp_path / "file", variant=None),
    ):
        pass


def test_other_variants_and_files_stay(tmp_path: Path) -> None:
    for name in (name_of("fp16"), index_of("fp16"), "README.md", ONE, name_of(None)):
        (tmp_path / name).touch()
    weight_files.remove_others(tmp_path, {name_of(None)}, variant=None)
    assert not (tmp_path / ONE).exists()
    assert (tmp_path / name_of("fp16")).exists()
    assert (tmp_path / index_of("fp16")).exists()
    assert (tmp_path / "README.md").exists()
