import argparse
import itertools

import pytest
import torch

from arch.latte_reference import literal_block
from launchers.bench import denoiser_steps, latte
from launchers.bench import denoiser_steps as denoiser_steps_module
from launchers.bench.denoiser_steps import as_published, denoisings, sampling_seconds
from pvvae.errors import ConfigError

SMALL = {"depth": 4, "width": 48, "heads": 4, "batch": 2, "size": 32}


def subjects(**changes):
    device = torch.device("cpu")
    return denoisings(**SMALL | changes, device=device, dtype=torch.float32)


def test_every_ratio_is_of_two_that_were_measured(monkeypatch):
    # No small network makes t4s8 latents; the encoder's time is added whatever it makes.
    monkeypatch.setitem(latte.LATENTS, "t4s8", (4, 16))
    parser = argparse.ArgumentParser()
    latte.declare(parser)
    words = [f"--{name}={value}" for name, value in SMALL.items()]
    words += ["--warmup=0", "--rounds=2", "--sampling=1", "--encoders", "tiny/cnn", "tiny/cnn"]
    result = latte.run(parser.parse_args(words))
    speed = {"t4s16/t4s8", "ours/diffusers", "ours/literal"}
    memory = {f"{name} peak memory" for name in speed}
    assert result["ratios"].keys() == speed | memory | {
        "sampling/forward",
        "whole step t4s16/t4s8",
    }
    assert min(result["ratios"].values()) > 0
    assert result["models"].keys() == {"t4s16", "t4s8", "literal", "diffusers"}
    assert all(name in latte.table(result) for name in result["ratios"])


def test_tokens_and_blocks_are_equal_and_only_the_compression_differs():
    found = subjects()
    assert found["t4s16"].x.shape == (2, 64, 5, 2, 2) == found["diffusers"].x.shape
    assert found["t4s8"].x.shape == (2, 16, 5, 4, 4)
    theirs = found["diffusers"].network.network
    assert len(theirs.transformer_blocks) + len(theirs.temporal_transformer_blocks) == 4
    assert all(block.attn2 is None for block in theirs.transformer_blocks)
    for subject in found.values():
        assert subject.forward(subject.x, torch.rand(2)).shape == subject.x.shape


def test_adaln_for_every_row_gives_the_same_numbers(monkeypatch):
    network, x = subjects()["t4s16"].network, torch.randn(2, 64, 5, 2, 2)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    time = torch.rand(2)
    expected = network(x, time)
    rows = []

    def watched(block, tokens, condition):
        rows.append(condition.shape)
        return literal_block(block, tokens, condition)

    monkeypatch.setattr(denoiser_steps, "literal_block", watched)
    found = as_published(network)(x, time)
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()
    assert rows == [(2 * 5, 48), (2 * 4, 48)] * 2


def test_sampling_is_timed_step_by_step_beside_as_many_passes(monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr(denoiser_steps_module, "now", lambda: float(next(ticks)))
    assert sampling_seconds(subjects()["t4s16"], steps=7) == (7.0, 7.0)


def test_encoders_make_the_latents_that_are_learned():
    parser = argparse.ArgumentParser()
    latte.declare(parser)
    with pytest.raises(ConfigError, match=r"^--encoders: tiny/cnn makes t4s16 latents, not t4s8$"):
        latte.run(parser.parse_args(["--size=32", "--encoders", "tiny/cnn", "tiny/cnn"]))


@pytest.mark.parametrize(
    ("change", "message"),
    [({"size": 40}, "--size: must be a multiple of 16"), ({"depth": 3}, "depth must be even")],
)
def test_sizes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        subjects(**change)
