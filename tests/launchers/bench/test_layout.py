import argparse

from arch.interface import BackboneConfig
from launchers.bench import layout
from pvvae.config import decode, read_yaml
from pvvae.timing.speed import flops
from tests.tiny import CONFIGS


def result(*words: str) -> dict:
    parser = argparse.ArgumentParser()
    layout.declare(parser)
    return layout.run(parser.parse_args([*words, "--clip", "5x32x48"]))


def test_the_shares_are_all_parameters_and_all_flops():
    found = result("--models", "tiny/cnn", "tiny/vit")
    for name, halves in found["models"].items():
        config = decode(BackboneConfig, read_yaml(CONFIGS / name / "backbone.yaml")["backbone"], "")
        shares = [share for half in halves.values() for share in half.values()]
        assert sum(share["flops"] for share in shares) == flops(config.build, (1, 3, 5, 32, 48))
        parameters = sum(p.numel() for p in config.build().parameters())
        assert sum(share["parameters"] for share in shares) == parameters
    assert list(found["models"]["tiny/cnn"]["encoder"]) == ["1", "2", "4", "8", "16"]
    assert list(found["models"]["tiny/vit"]["decoder"]) == ["16"]
    assert all(name in layout.table(found) for name in found["models"])


def test_a_ratio_is_of_flops():
    found = result("--models", "tiny/cnn", "tiny/cnn")
    assert found["ratios"] == {}
    found = result("--models", "tiny/cnn", "tiny/vit")
    cnn, vit = (
        sum(share["flops"] for half in found["models"][name].values() for share in half.values())
        for name in ("tiny/cnn", "tiny/vit")
    )
    assert found["ratios"] == {"tiny/cnn/tiny/vit": vit / cnn}


def test_a_convolution_counts_to_the_resolution_that_it_gives():
    encoder = result("--models", "tiny/cnn")["models"]["tiny/cnn"]["encoder"]
    config = read_yaml(CONFIGS / "tiny/cnn/backbone.yaml")["backbone"]
    width, blocks = config["encoder_channels"][0], config["encoder_blocks"][0]
    taps = 9 * 1 + 27 * 4  # the first frame is an image
    assert encoder["1"]["flops"] == 2 * 32 * 48 * taps * (3 * width + 2 * blocks * width**2)
