"""Loading and saving as models of diffusers do, and every mistake in one line."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from safetensors.torch import load_file, save_file

from pvvae.autoencoder import Autoencoder
from pvvae.diffusers import AutoencoderPV
from pvvae.errors import ConfigError
from pvvae.pretrained.runs import load_vae
from pvvae.pretrained.weight_files import CONFIG, find, index_of, name_of, pickle_of
from tests.processes import ROOT
from tests.pvvae.diffusers.conftest import clip
from tests.pvvae.diffusers.hub import PUSH_AND_PULL, Hub


def told(folder: object, **arguments: Any) -> str:
    with pytest.raises(ConfigError) as error:
        AutoencoderPV.from_pretrained(folder, **arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def same(one: Any, two: Any) -> None:
    torch.testing.assert_close(one.state_dict(), two.state_dict(), rtol=0, atol=0)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def size(vae: AutoencoderPV) -> int:
    return sum(weight.numel() * weight.element_size() for weight in vae.state_dict().values())


@torch.no_grad()
def test_what_is_saved_comes_back_equal(vae, tmp_path):
    vae.save_pretrained(tmp_path)
    assert names(tmp_path) == {CONFIG, name_of(None)}
    again = AutoencoderPV.from_pretrained(tmp_path)
    same(again, vae)
    assert again.config == vae.config
    assert not again.training
    assert torch.equal(again(clip()).sample, vae(clip()).sample)


def test_a_variant_stands_beside_the_weights_and_is_asked_for(small, tmp_path):
    small.save_pretrained(tmp_path, variant="fp16", safe_serialization=True)
    same(AutoencoderPV.from_pretrained(tmp_path, variant="fp16"), small)
    same(Autoencoder.from_pretrained(tmp_path, variant="fp16"), small)
    with pytest.raises(OSError, match="there is fp16: name the variant") as error:
        AutoencoderPV.from_pretrained(tmp_path)
    # What callers of diffusers look for.
    assert f"Error no file named {pickle_of(None)} found in directory" in str(error.value)
    other = AutoencoderPV.from_config(small.config)
    other.save_pretrained(tmp_path)
    assert names(tmp_path) == {CONFIG, name_of(None), name_of("fp16")}
    same(AutoencoderPV.from_pretrained(tmp_path), other)
    same(AutoencoderPV.from_pretrained(tmp_path, variant="fp16"), small)
    assert name_of("bf16") in told(tmp_path, variant="bf16")


@pytest.mark.parametrize("variant", [None, "fp16"])
def test_large_weights_are_several_files(variant, small, tmp_path):
    small.save_pretrained(tmp_path, variant=variant, max_shard_size=size(small) * 3 // 4)
    index = json.loads((tmp_path / index_of(variant)).read_text())
    shards = set(index["weight_map"].values())
    assert len(shards) == int(max(shards).split("-of-")[1].split(".")[0]) >= 2
    assert names(tmp_path) == {CONFIG, index_of(variant), *shards}
    for kind in (AutoencoderPV, Autoencoder):
        same(kind.from_pretrained(tmp_path, variant=variant), small)
    if variant is None:
        same(load_vae(tmp_path), small.vae)


def test_a_save_in_the_place_of_another_leaves_nothing_of_it(small, tmp_path):
    other = AutoencoderPV.from_config(small.config)
    most = size(small) * 3 // 4
    for vae, shard in ((small, most), (other, most // 2), (small, 10**9), (other, most)):
        vae.save_pretrained(tmp_path, max_shard_size=shard)
        assert names(tmp_path) == {
            CONFIG,
            *(path.name for path in find(tmp_path, None)),
            *([index_of(None)] if shard < 10**9 else []),
        }
        same(AutoencoderPV.from_pretrained(tmp_path), vae)
    Autoencoder(small.vae, small.description).save_pretrained(tmp_path)
    assert names(tmp_path) == {CONFIG, name_of(None)}
    same(AutoencoderPV.from_pretrained(tmp_path), small)


def test_no_pickle_is_written_and_none_is_opened(small, tmp_path):
    with pytest.warns(UserWarning, match="^safe_serialization: weights are safetensors all the"):
        small.save_pretrained(tmp_path, variant="fp16", safe_serialization=False)
    same(AutoencoderPV.from_pretrained(tmp_path, variant="fp16"), small)
    assert told(tmp_path, use_safetensors=False).startswith("use_safetensors: ")
    mark = tmp_path / "mark"
    (tmp_path / name_of("fp16")).unlink()
    torch.save({"pad": Opened(mark)}, tmp_path / name_of(None))
    assert told(tmp_path).startswith(str(tmp_path))
    (tmp_path / name_of(None)).rename(tmp_path / pickle_of(None))
    assert "a pickle is not opened" in told(tmp_path)
    index = {"metadata": {}, "weight_map": {"pad": pickle_of(None)}}
    # The second name is one that diffusers read before.
    for name in (index_of(None), "diffusion_pytorch_model.safetensors.fp16.index.json"):
        (tmp_path / name).write_text(json.dumps(index))
        assert "which is not a .safetensors file beside it" in told(tmp_path, variant="fp16")
        (tmp_path / name).unlink()
    assert not mark.exists()


class Opened:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@torch.no_grad()
def test_weights_come_as_stored_or_as_asked_for(dtype, small, tmp_path):
    small.to(dtype).save_pretrained(tmp_path)
    stored = AutoencoderPV.from_pretrained(tmp_path)
    assert stored.dtype == stored(clip().to(dtype)).sample.dtype == dtype
    for asked in ({"torch_dtype": torch.bfloat16}, {"dtype": torch.bfloat16}):
        half = AutoencoderPV.from_pretrained(tmp_path, low_cpu_mem_usage=False, **asked)
        assert {weight.dtype for weight in half.parameters()} == {torch.bfloat16}
        same(half, Autoencoder.from_pretrained(tmp_path, torch_dtype=torch.bfloat16))
        x = clip().to(torch.bfloat16)
        assert torch.equal(half(x).sample, small.to(torch.bfloat16)(x).sample)
    assert torch.get_default_dtype() == torch.float32


def test_weights_of_several_types_come_in_the_widest(small, tmp_path):
    small.to(torch.bfloat16).enable_layerwise_casting(torch.float8_e4m3fn, torch.bfloat16)
    assert len({weight.dtype for weight in small.parameters()}) == 2
    small.save_pretrained(tmp_path)
    assert AutoencoderPV.from_pretrained(tmp_path).dtype == torch.bfloat16


@pytest.mark.parametrize(
    "place", ["cpu", torch.device("cpu"), {"": "cpu"}, {"": torch.device("cpu")}]
)
def test_a_device_is_a_map(place, small, tmp_path):
    small.save_pretrained(tmp_path / "vae")
    vae = AutoencoderPV.from_pretrained(tmp_path, subfolder="vae", device_map=place)
    assert vae.device == torch.device("cpu")
    same(vae, small)


def test_parts_on_several_devices_need_accelerate(small, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    monkeypatch.setattr("pvvae.diffusers.loading.find_spec", lambda name: None)
    small.save_pretrained(tmp_path)
    for place in ("auto", {"backbone": "cpu", "pad": "disk"}):
        assert told(tmp_path, device_map=place).startswith("device_map: ")
        assert "needs accelerate" in told(tmp_path, device_map=place)


def test_what_was_found_is_told_if_asked_for(small, tmp_path):
    small.save_pretrained(tmp_path)
    _, info = AutoencoderPV.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(info.values())


def test_entries_of_the_config_are_set_while_loading(small, tmp_path):
    small.register_to_config(mine=3)
    small.save_pretrained(tmp_path)
    assert json.loads((tmp_path / CONFIG).read_text())["mine"] == 3
    vae = AutoencoderPV.from_pretrained(tmp_path, scaling_factor=0.5)
    assert (vae.config.scaling_factor, vae.config.mine) == (0.5, 3)
    assert vae.config._name_or_path == str(tmp_path)


def test_the_class_is_found_by_its_name(small, tmp_path):
    small.save_pretrained(tmp_path / "vae")
    vae = diffusers.AutoModel.from_pretrained(str(tmp_path), subfolder="vae", dtype=torch.bfloat16)
    assert type(vae) is AutoencoderPV
    assert vae.dtype == torch.bfloat16
    plain = json.loads(small.to_json_string())
    assert type(diffusers.AutoModel.from_config(plain)) is AutoencoderPV


def test_a_folder_that_another_process_does_not_write(small, tmp_path):
    small.save_pretrained(tmp_path / "vae", is_main_process=False)
    assert not (tmp_path / "vae").exists()


def test_what_ours_cannot_do_is_told(small, tmp_path):
    small.save_pretrained(tmp_path)
    for key, value in (("subfoldr", "vae"), ("quantization_config", {"bits": 4}), ("proxies", {1})):
        assert told(tmp_path, **{key: value}).startswith(f"{key}: ")
    AutoencoderPV.from_pretrained(tmp_path, quantization_config=None, provider=None)


def test_what_is_wrong_with_a_folder_is_told(small, tmp_path):
    small.save_pretrained(tmp_path)
    path, weights = tmp_path / name_of(None), load_file(tmp_path / name_of(None))
    name = next(iter(weights))
    plain = json.loads((tmp_path / CONFIG).read_text())
    for content, why in (
        (
            {**weights, "other": torch.ones(1)},
            "another architecture: it has other, which the network lacks",
        ),
        ({k: w for k, w in weights.items() if k != name}, f"architecture: it lacks {name}"),
        ({**weights, name: torch.ones(1, 1)}, name),
        ({**weights, name: weights[name] * torch.nan}, f"{name} has"),
    ):
        save_file(content, path)
        with pytest.raises(OSError, match="^" + str(tmp_path)):
            AutoencoderPV.from_pretrained(tmp_path)
        assert why in told(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    assert told(tmp_path).startswith(str(tmp_path))
    save_file(weights, path)
    for changed, why in (
        ({"_class_name": "AutoencoderKLWan"}, "_class_name must be 'AutoencoderPV'"),
        ({"scale_factor_spatial": 8}, "scale factors are (4, 8)"),
        ({"z_dim": 5}, "z_dim: the backbone has"),
    ):
        (tmp_path / CONFIG).write_text(json.dumps(plain | changed))
        assert why in told(tmp_path)
    (tmp_path / CONFIG).unlink()
    assert told(tmp_path).startswith(f"{tmp_path / CONFIG}: no such file")
    assert told(tmp_path / "gone").endswith(
        "no such folder, and not a hub id, which is written OWNER/NAME"
    )


def test_what_cannot_be_written_leaves_what_was_there(small, tmp_path):
    small.save_pretrained(tmp_path / "vae")
    before = names(tmp_path / "vae")
    with torch.no_grad():
        small.pad[0] = torch.inf
    with pytest.raises(ConfigError, match="pad has 1 of"):
        small.save_pretrained(tmp_path / "vae")
    with pytest.raises(ConfigError, match="cannot be written"):
        AutoencoderPV.from_config(small.config).save_pretrained(tmp_path / "vae" / CONFIG)
    assert names(tmp_path / "vae") == before
    AutoencoderPV.from_pretrained(tmp_path / "vae")


def test_a_hub_takes_it_and_gives_it_back(small, tmp_path):
    small.save_pretrained(tmp_path / "vae")
    with Hub() as hub:
        settings = {
            "HF_ENDPOINT": hub.address,
            "HF_HOME": str(tmp_path / "home"),
            "HF_TOKEN": "none",
            "NO_PROXY": "127.0.0.1",
            "PYTHONPATH": str(ROOT),
        }
        done = subprocess.run(
            [sys.executable, "-c", PUSH_AND_PULL, tmp_path / "vae", tmp_path / "cache"],
            env=os.environ | settings,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    other, absent = done.stdout.splitlines()
    assert "there is bf16: name the variant" in other or "no such file" in other
    assert absent.startswith("someone/absent: no such folder, and the hub does not give it: ")
    assert set(hub.files["someone/pushed"]) == {CONFIG, name_of("bf16"), "README.md"}
    assert index_of(None) in hub.files["someone/saved"]
