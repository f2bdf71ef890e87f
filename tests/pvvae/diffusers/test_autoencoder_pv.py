"""What models of diffusers promise, kept by ours for every backbone."""

import copy
import inspect

import pytest
import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.hooks._common import _GO_LC_SUPPORTED_PYTORCH_LAYERS as CAST
from diffusers.hooks.layerwise_casting import DEFAULT_SKIP_MODULES_PATTERN as KEPT
from diffusers.training_utils import EMAModel
from torch import nn

from pvvae import config as codec
from pvvae.autoencoder.tiling import Tiling
from pvvae.diffusers import AutoencoderPV
from pvvae.errors import ConfigError
from tests.pvvae.diffusers.conftest import clip, made
from tests.tiny import backbone_configs


def test_it_is_a_model_with_a_config(vae):
    assert isinstance(vae, ModelMixin)
    assert isinstance(vae, ConfigMixin)
    assert not vae.training
    assert AutoencoderPV(backbone=codec.encode(vae.description.backbone)).training


def test_arguments_come_in_the_order_of_diffusers(small):
    first = list(inspect.signature(small.forward).parameters)
    assert first == ["sample", "sample_posterior", "return_dict", "generator"]
    assert AutoencoderPV._deprecated_kwargs == []
    assert "kwargs" not in inspect.signature(AutoencoderPV.__init__).parameters
    saved = inspect.signature(AutoencoderPV.save_pretrained).parameters
    # Pipelines pass these on to classes that name them, and to no others.
    assert {"safe_serialization", "variant", "max_shard_size"} <= saved.keys()


@torch.no_grad()
def test_the_same_clip_gives_the_same_twice(vae):
    assert torch.equal(vae(clip()).sample, vae(clip()).sample)


@torch.no_grad()
def test_it_computes_what_the_network_inside_does(vae):
    posterior = vae.vae.backbone.encode(clip())
    found = vae.encode(clip()).latent_dist
    assert torch.equal(found.mode(), posterior.mean)
    assert torch.equal(vae(clip()).sample, vae.vae.backbone.decode(posterior.mean))


@torch.no_grad()
def test_a_tuple_and_an_output_hold_the_same(vae):
    x = clip()
    whole = vae(x)
    assert list(whole) == ["sample"]
    for found in (
        whole["sample"],
        next(iter(whole.values())),
        whole[0],
        whole.to_tuple()[0],
        vae(x, return_dict=False)[0],
        vae.decode(vae.encode(x, return_dict=False)[0].mode(), return_dict=False)[0],
        vae.decode(vae.encode(x)["latent_dist"].mode(), False)[0],
        vae.decode(vae.encode(x)[0].mode(), None, return_dict=False)[0],
    ):
        assert torch.equal(found, whole.sample)
    assert whole.sample.shape == x.shape
    assert isinstance(vae(x, return_dict=False), tuple)


def test_a_noise_level_is_no_input_of_the_decoder(small):
    with pytest.raises(ValueError, match=r"^temb: this decoder takes no noise level$"):
        small.decode(torch.zeros(1, small.config.z_dim, 2, 2, 2), torch.zeros(1))


@torch.no_grad()
def test_a_sample_is_drawn_from_the_generator(small):
    z = small.encode(clip()).latent_dist.sample(torch.Generator().manual_seed(4))
    drawn = small(clip(), sample_posterior=True, generator=torch.Generator().manual_seed(4))
    assert torch.equal(drawn.sample, small.decode(z).sample)


def test_parts_of_the_network_are_not_taken_for_entries_of_the_config(vae):
    assert isinstance(vae.backbone, nn.Module)
    assert vae.config.backbone["name"] == vae.description.backbone.name
    assert vae.pad is vae.vae.pad
    names = {name.partition(".")[0] for name in vae.state_dict()}
    assert names == {"backbone", "pad"}


def test_an_attribute_an_entry_and_neither(small, recwarn, warnings_of_diffusers):
    small.mine = 5
    small.register_to_config(registered=6)
    assert small.mine == 5
    assert small.save_pretrained == small.save_pretrained
    assert not [w for w in recwarn if issubclass(w.category, FutureWarning)]
    assert warnings_of_diffusers() == []
    with pytest.warns(FutureWarning, match="registered"):
        assert small.registered == 6
    assert small.config.registered == small.config["registered"] == 6
    with pytest.raises(AttributeError, match=r"^'AutoencoderPV' object has no attribute 'other'$"):
        _ = small.other


def test_one_is_built_from_the_config_of_another(vae):
    again = AutoencoderPV.from_config(vae.config)
    assert again.config == vae.config
    assert again.description == vae.description
    again.load_state_dict(vae.state_dict())
    with torch.no_grad():
        assert torch.equal(again.eval()(clip()).sample, vae(clip()).sample)
    changed = AutoencoderPV.from_config(vae.config, scaling_factor=0.5)
    assert changed.config.scaling_factor == 0.5


def test_what_is_left_out_is_the_network_s(small):
    config = backbone_configs()[0]
    for given in (config, codec.encode(config)):
        assert AutoencoderPV(backbone=given).config.z_dim == small.config.z_dim
    assert AutoencoderPV(backbone=config, pad="gaussian").pad is None
    with pytest.raises(ConfigError, match=r"^scale factors are \(4, 8\), the backbone's"):
        AutoencoderPV(backbone=config, scale_factor_spatial=8)
    with pytest.raises(ConfigError, match=r"^backbone: AutoencoderPV needs a network"):
        AutoencoderPV(z_dim=4)
    with pytest.raises(ConfigError, match=r"^AutoencoderPV: give vae and config, or entries"):
        AutoencoderPV(small.vae)


def test_a_copy_is_one_of_its_own(vae):
    other = copy.deepcopy(vae)
    with torch.no_grad():
        other.pad.add_(1)
        next(other.backbone.parameters()).add_(1)
    assert torch.equal(other.vae.pad, vae.pad + 1)
    one, two = next(other.vae.parameters()), next(vae.vae.parameters())
    assert not torch.equal(one, two)


def test_conversions_reach_the_network_inside(vae):
    assert vae.to(torch.bfloat16).dtype == torch.bfloat16
    assert {p.dtype for p in vae.vae.parameters()} == {torch.bfloat16}
    assert vae.to("meta").device == torch.device("meta")
    assert {p.device.type for p in vae.vae.parameters()} == {"meta"}


@torch.no_grad()
def test_slices_are_taken_one_by_one_and_together_again(vae):
    x = clip(batch=2)
    whole = vae(x).sample
    vae.use_slicing = True
    torch.testing.assert_close(vae(x).sample, whole, rtol=1e-5, atol=1e-5)
    vae.disable_slicing()
    assert not vae.use_slicing
    assert torch.equal(vae(x).sample, whole)


@torch.no_grad()
def test_tiles_are_taken_and_left_again(vae):
    x = clip(width=64)
    whole = vae(x).sample
    vae.enable_tiling()
    assert vae.use_tiling
    assert torch.equal(vae(x).sample, whole)  # smaller than a tile
    vae.enable_tiling(32, 0)
    assert not torch.equal(vae(x).sample, whole)
    vae.use_tiling = False
    assert torch.equal(vae(x).sample, whole)
    vae.use_tiling = True
    assert vae._tiling == Tiling(size=512, overlap=128)


def test_tiles_have_wan_s_arguments(small):
    small.enable_tiling(
        tile_sample_min_height=64,
        tile_sample_min_width=64,
        tile_sample_stride_height=48,
        tile_sample_stride_width=48,
    )
    assert small._tiling == Tiling(size=64, overlap=16)
    small.enable_tiling(tile_sample_min_height=None)
    assert small._tiling == Tiling(size=512, overlap=128)


def test_gradient_checkpointing_is_switched_on_and_off(vae):
    assert not vae.is_gradient_checkpointing
    vae.enable_gradient_checkpointing()
    assert vae.is_gradient_checkpointing
    vae.disable_gradient_checkpointing()
    assert not vae.is_gradient_checkpointing


def test_gradient_checkpointing_changes_no_gradient(config):
    gradients = []
    for again in (False, True):
        vae, counted = made(config).train(), []
        forward = type(vae.backbone.segments[0]).forward

        def count(self, *args, forward=forward, counted=counted, **named):
            counted.append(self)
            return forward(self, *args, **named)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(vae.backbone.segments[0]), "forward", count)
            if again:
                vae.enable_gradient_checkpointing()
            out = vae(clip()).sample
            first = len(counted)
            out.square().mean().backward()
        assert len(counted) == (2 if again else 1) * first
        gradients.append({n: p.grad for n, p in vae.named_parameters() if p.grad is not None})
    torch.testing.assert_close(*gradients, rtol=0, atol=0)


def test_a_backbone_without_segments_cannot_recompute_any(small, monkeypatch):
    monkeypatch.setattr(type(small.backbone), "segments", ())
    with pytest.raises(ValueError, match="this backbone names no segments to be recomputed"):
        small.enable_gradient_checkpointing()
    assert not small.is_gradient_checkpointing


def test_every_weight_but_the_pad_is_trained(vae):
    vae.train()
    vae(clip()).sample.square().mean().backward()
    silent = [name for name, weight in vae.named_parameters() if weight.grad is None]
    assert silent == ["pad"]


def test_an_average_of_weights_is_kept_saved_and_loaded(small, tmp_path):
    average = EMAModel(
        small.parameters(), decay=0.5, model_cls=AutoencoderPV, model_config=small.config
    )
    with torch.no_grad():
        for weight in small.parameters():
            weight.add_(1)
    average.step(small.parameters())
    average.save_pretrained(str(tmp_path))
    again = EMAModel.from_pretrained(str(tmp_path), AutoencoderPV)
    assert again.decay == 0.5
    for one, two in zip(again.shadow_params, average.shadow_params, strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize("stored", [torch.float16, torch.float8_e4m3fn, torch.float8_e5m2])
@torch.no_grad()
def test_weights_stored_narrow_are_computed_with_wide(stored, vae):
    whole = vae(clip()).sample
    vae.enable_layerwise_casting(storage_dtype=stored, compute_dtype=torch.float32)
    cast = [
        (name, module)
        for name, module in vae.named_modules()
        if isinstance(module, CAST) and not any(kept.strip("^$") in name for kept in KEPT)
    ]
    assert {module.weight.dtype for _, module in cast} == {stored}
    assert vae.dtype == torch.float32
    found = vae(clip()).sample
    cosine = nn.functional.cosine_similarity(found.flatten(), whole.flatten(), dim=0)
    assert cosine > 0.9
    assert {module.weight.dtype for _, module in cast} == {stored}


@pytest.mark.parametrize("stored", [torch.float16, torch.float8_e4m3fn])
def test_weights_stored_narrow_are_trained_through(stored, vae):
    vae.train().enable_layerwise_casting(stored, torch.float32)
    with torch.autocast("cpu"):  # as diffusers trains such models
        loss = vae(clip()).sample.float().square().mean()
    loss.backward()
    trained = [weight for weight in vae.parameters() if weight.grad is not None]
    assert stored in {weight.dtype for weight in trained}


@torch.no_grad()
def test_a_pass_is_one_graph_and_is_not_compiled_anew():
    vae, x = made(backbone_configs()[-1]), clip()
    whole = vae(x).sample
    torch._dynamo.reset()
    compiled = torch.compile(vae, fullgraph=True, backend="eager")
    with torch._dynamo.config.patch(error_on_recompile=True):
        for _ in range(2):
            torch.testing.assert_close(compiled(x).sample, whole, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_repeated_blocks_are_compiled_by_themselves():
    vae = made(backbone_configs()[-1])
    whole = vae(clip()).sample
    vae.compile_repeated_blocks(fullgraph=True, backend="eager")
    torch.testing.assert_close(vae(clip()).sample, whole, rtol=1e-5, atol=1e-5)
