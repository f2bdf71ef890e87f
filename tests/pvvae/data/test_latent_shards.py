import pytest
import torch

from pvvae.data.latent_shards import (
    ChannelStatistics,
    LatentDataset,
    channel_statistics,
    shard_path,
    write_shard,
    write_statistics,
)
from pvvae.errors import ConfigError


def moments(count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    scale = torch.tensor([1.0, 3.0, 0.2])[:, None, None, None]
    mean = scale * torch.randn(count, 3, 2, 4, 5, generator=generator) + 7 * scale
    logvar = torch.randn(count, 3, 2, 4, 5, generator=generator) - 2
    return mean.half(), logvar.half(), torch.arange(count) % 2


@pytest.fixture
def folder(tmp_path):
    mean, logvar, labels = moments(7)
    for number, part in enumerate((slice(0, 3), slice(3, 6), slice(6, 7))):
        path = shard_path(tmp_path, number)
        write_shard(path, mean=mean[part], logvar=logvar[part], labels=labels[part])
    write_statistics(tmp_path, channel_statistics(tmp_path), classes=("a", "b"), source="clips")
    return tmp_path


def test_what_was_written_is_read(folder):
    mean, logvar, labels = moments(7)
    latents = LatentDataset(folder)
    assert len(latents) == 7
    assert (latents.shape, latents.channels, latents.classes) == ((3, 2, 4, 5), 3, ("a", "b"))
    for i in range(7):
        assert torch.equal(latents[i][0], mean[i])
        assert torch.equal(latents[i][1], logvar[i])
        assert latents[i][2] == labels[i]
    with pytest.raises(IndexError):
        latents[7]


def test_statistics_are_those_of_sampled_latents(folder):
    mean, logvar, _ = moments(7)
    mean, variance = mean.double(), logvar.double().exp()
    over = (0, 2, 3, 4)
    found = channel_statistics(folder)
    torch.testing.assert_close(found.mean, mean.mean(over), rtol=1e-12, atol=0)
    expected = (mean.var(over, unbiased=False) + variance.mean(over)).sqrt()
    torch.testing.assert_close(found.deviation, expected, rtol=1e-12, atol=0)
    assert found.clips == 7


def test_statistics_agree_with_actual_samples():
    mean, logvar, _ = moments(500)
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(1))
    samples = mean.double() + (0.5 * logvar.double()).exp() * noise
    found = ChannelStatistics.of(mean, logvar)
    torch.testing.assert_close(found.mean, samples.mean((0, 2, 3, 4)), rtol=0.01, atol=0)
    torch.testing.assert_close(found.deviation, samples.std((0, 2, 3, 4)), rtol=0.01, atol=0)


def test_statistics_of_parts_add_up_to_those_of_the_whole():
    mean, logvar, _ = moments(6)
    whole = ChannelStatistics.of(mean, logvar)
    parts = ChannelStatistics.of(mean[:2], logvar[:2]) + ChannelStatistics.of(mean[2:], logvar[2:])
    assert (parts.clips, parts.cells) == (whole.clips, whole.cells)
    torch.testing.assert_close(parts.deviation, whole.deviation, rtol=1e-12, atol=0)


def test_normalising_is_undone_exactly_enough(folder):
    latents = LatentDataset(folder)
    z = torch.stack([latents[i][0].float() for i in range(7)])
    x = latents.normalize(z)
    assert x.mean((0, 2, 3, 4)).abs().max() < 1e-4
    assert (x.std((0, 2, 3, 4)) <= 1).all()  # the rest of the variance is the posterior's
    torch.testing.assert_close(latents.denormalize(x), z)


def test_an_unfinished_or_damaged_folder_is_refused(folder, tmp_path):
    with pytest.raises(ConfigError, match="run extract_latents"):
        LatentDataset(tmp_path / "nothing")
    data = shard_path(folder, 2).read_bytes()
    shard_path(folder, 2).unlink()
    with pytest.raises(ConfigError, match=r"has 6 latents, stats.json counts 7"):
        LatentDataset(folder)
    shard_path(folder, 2).write_bytes(data[:50])
    with pytest.raises(ConfigError, match="safetensors: damaged"):
        LatentDataset(folder)
    shard_path(folder, 1).unlink()
    with pytest.raises(ConfigError, match=r"00001.safetensors: missing"):
        channel_statistics(folder)


def test_values_that_half_precision_cannot_hold_are_refused(tmp_path):
    mean, logvar, labels = moments(2)
    path = shard_path(tmp_path, 0)
    with pytest.raises(ConfigError, match="mean has values that are NaN"):
        write_shard(path, mean=mean.float() * 1e5, logvar=logvar, labels=labels)
    assert not path.exists()
    write_shard(path, mean=mean.float() * 1e5, logvar=logvar, labels=labels, dtype=torch.float32)


def test_a_class_without_latents_is_known_and_not_learned(folder):
    assert LatentDataset(folder).learned == (0, 1)
    write_statistics(folder, channel_statistics(folder), classes=("a", "b", "c"))
    assert LatentDataset(folder).learned == (0, 1)
    write_statistics(folder, channel_statistics(folder), classes=("a",))
    with pytest.raises(ConfigError, match=r"labels from 0 to 1, stats\.json names 1 classes"):
        LatentDataset(folder)
