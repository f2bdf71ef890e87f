import argparse
import statistics

import pytest
import torch
from torch import Tensor, nn

from arch.interface import Posterior
from launchers.arguments import Parser
from launchers.bench import vae
from launchers.bench.models import builder
from pvvae.errors import ConfigError
from pvvae.timing.speed import flops


def arguments(*words: str) -> argparse.Namespace:
    parser = Parser()
    vae.declare(parser)
    return parser.parse_args(words)


SHORT = ("--clip", "5x32x48", "--batch", "2", "--warmup", "0", "--rounds", "2")


def test_every_pair_of_models_gets_ratios_of_their_medians():
    result = vae.run(arguments("--models", "tiny/cnn", "tiny/vit", *SHORT, "--train"))
    models = result["models"]
    assert list(models) == ["tiny/cnn", "tiny/vit"]
    seconds = {name: of["seconds"] for name, of in models.items()}
    for part in ("encode", "decode", "reconstruct", "train"):
        expected = seconds["tiny/vit"][part] / seconds["tiny/cnn"][part]
        assert result["ratios"][f"tiny/cnn/tiny/vit {part}"] == expected > 0
    assert (
        result["ratios"]["tiny/cnn/tiny/vit"] == (result["ratios"]["tiny/cnn/tiny/vit reconstruct"])
    )
    assert result["protocol"]["clip"] == [5, 32, 48]
    assert all(name in vae.table(result) for name in models)


def test_bytes_and_flops_grow_with_the_batch():
    one, two = (
        vae.run(arguments("--models", "tiny/cnn", *SHORT, "--batch", batch))["models"]["tiny/cnn"]
        for batch in ("1", "2")
    )
    # Every clip more costs the same; kernels are folded once for all.
    three = flops(builder("tiny/cnn", (3, 3, 5, 32, 48)), (3, 3, 5, 32, 48))
    assert three - two["flops"] == two["flops"] - one["flops"] > 0
    assert two["parameters"] == one["parameters"]
    weights = 4 * one["parameters"]
    grown = (two["peak_bytes"] - weights) / (one["peak_bytes"] - weights)
    assert grown == pytest.approx(2.0, rel=0.1)


class Stubborn(nn.Module):
    """Encodes and decodes with a weight that no device context moves, as VidTok's."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.Tensor([2.0]))
        self.linear = nn.Linear(4, 4, bias=False)

    def encode(self, x: Tensor) -> Posterior:
        return Posterior(self.linear(x * self.scale), x)

    def decode(self, z: Tensor) -> Tensor:
        return self.linear(z) * self.scale


def test_weights_that_are_made_in_memory_are_counted_without_it():
    assert flops(Stubborn, (3, 4)) == 2 * (2 * 3 * 4 * 4)


def test_the_table_of_ratios_is_of_medians():
    facts = {
        name: {"seconds": {"reconstruct": statistics.median(times)}, "peak_bytes": size}
        for name, times, size in (("a", [1.0, 2.0, 9.0], 10), ("b", [3.0, 4.0, 5.0], 40))
    }
    assert vae.ratios(facts) == {"a/b": 2.0, "a/b reconstruct": 2.0, "a/b peak memory": 0.25}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--models", "cmm"), r"--models: no model is called 'cmm'; known: .*cnn.*wan2\.2"),
        (("--clip", "17x32"), "--clip: is written TxHxW, such as 17x256x256, got '17x32'"),
        (("--clip", "16x32x32"), "--clip: tiny/cnn: a clip must have .* nearest valid lengths"),
        (("--batch", "0"), "--batch: must be at least 1, got 0"),
    ],
)
def test_mistakes_are_one_line(words, message):
    with pytest.raises(ConfigError, match=message):
        vae.run(arguments("--models", "tiny/cnn", *SHORT, *words))
