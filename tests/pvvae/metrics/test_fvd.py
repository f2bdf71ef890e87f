import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import polynomial_kernel

from pvvae.errors import ConfigError
from pvvae.metrics.frechet import frechet_distance, noise_floor
from pvvae.metrics.fvd import FVD, kernel_distance
from pvvae.metrics.i3d import NUM_FEATURES
from pvvae.metrics.intervals import order_of


def _features(seed: int, num: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(num, NUM_FEATURES, generator=generator) + 0.1 * seed


def _noise(num: int, frames: int, side: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(num)
    shape = (num, frames, side, side, 3)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


class Seen:
    """In I3D's place: remembers what it was shown."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, clips: torch.Tensor) -> torch.Tensor:
        self.shapes.append(tuple(clips.shape))
        return clips.float().mean((1, 2, 3, 4))[:, None].expand(-1, NUM_FEATURES)


def _shown(frames: str = "all") -> tuple[FVD, Seen]:
    videos, seen = FVD(frames=frames), Seen()
    videos.network = seen
    return videos, seen


def _filled(real: torch.Tensor, generated: torch.Tensor) -> FVD:
    """Without I3D: it is for clips alone."""
    videos = FVD()
    videos.add(real, frames=17, real=True)
    videos.add(generated, frames=17, real=False)
    return videos


def test_it_is_the_distance_of_all_clips_at_once():
    real, generated = _features(0, 60), _features(1, 50)
    found = _filled(real, generated).compute()
    assert found.fvd == pytest.approx(frechet_distance(real, generated), rel=1e-9)
    assert found.kvd == pytest.approx(kernel_distance(real, generated), rel=1e-9)
    assert (found.num_real, found.num_generated) == (60, 50)
    assert found.floor == noise_floor(real[order_of(real)], seed=0)
    assert found.num_floor == 30


@pytest.mark.parametrize("paired", [False, True])
def test_clips_in_any_order_and_any_batches_give_the_same_bits(paired):
    real, generated = _features(0, 40), _features(1, 40)
    whole = _filled(real, generated)
    parts = FVD()
    for batch in torch.randperm(40, generator=torch.Generator().manual_seed(2)).split(7):
        parts.add(real[batch], frames=17, real=True)
        parts.add(generated[batch], frames=17, real=False)
    assert parts.compute(paired=paired) == whole.compute(paired=paired)


def test_i3d_sees_one_clip_at_a_time():
    videos, seen = _shown()
    features = videos.features_of(_noise(3, 9, 32))
    assert seen.shapes == 3 * [(1, 9, 32, 32, 3)]
    assert features.shape == (3, NUM_FEATURES)


def test_a_result_says_what_was_compared():
    found = _filled(_features(0, 8), _features(1, 8)).compute(paired=True)
    assert found.protocol["frames"] == [17]
    assert found.protocol["frames_rule"] == "all"
    assert "real 8  generated 8  frames [17]" in str(found)
    assert "KVD undefined" in str(found)
    assert "(4 vs 4)" in str(found)
    assert "; 8 clips, fewer than I3D's 400 features" in str(found)


def test_values_are_named_by_what_they_are():
    videos = _filled(_features(0, 8), _features(1, 8))
    found = videos.compute()
    values = videos.compute().values()
    assert list(values) == ["fvd", "kvd"]
    assert list(videos.compute(paired=True).values()) == ["rfvd"]
    assert values["fvd"].value == found.fvd
    assert values["fvd"].note == found.notes[0]
    low, high = values["fvd"].interval or (0.0, 0.0)
    assert 0.0 <= low < found.fvd < high


def test_notes_say_what_is_wrong_with_the_sets():
    enough = _features(0, NUM_FEATURES)
    assert _filled(enough, enough + 1.0).compute().notes == ()
    few = _filled(enough, torch.zeros(3, NUM_FEATURES)).compute()
    assert few.notes[0].startswith("3 clips, fewer than I3D's 400 features")
    assert few.notes[1] == "all 3 generated clips are the same to I3D"


def test_one_clip_is_an_error_and_unequal_pairs_are():
    with pytest.raises(ConfigError, match="at least 2 clips in each set, got 1 and 5"):
        _filled(_features(0, 1), _features(1, 5)).compute()
    with pytest.raises(ConfigError, match="pairs of clips, got 4 and 5"):
        _filled(_features(0, 4), _features(1, 5)).compute(paired=True)


def test_clips_are_nearer_to_themselves_than_to_noise(i3d):
    videos = FVD()
    videos.network = i3d  # loaded once for all
    still = _noise(2, 1, 16).expand(2, 9, 16, 16, 3)
    features = videos.update(still, real=True)
    assert features.shape == (2, NUM_FEATURES)
    videos.add(features, frames=9, real=False)
    assert videos.compute(paired=True).fvd == pytest.approx(0.0, abs=1e-6)
    videos.update(_noise(1, 9, 16), real=False)
    assert videos.compute().fvd > 1.0


def test_the_rule_first16_shows_16_frames():
    videos, seen = _shown("first16")
    videos.update(_noise(1, 17, 16), real=True)
    videos.update(_noise(1, 16, 16), real=False)
    assert seen.shapes == 2 * [(1, 16, 16, 16, 3)]
    assert videos.protocol()["frames"] == [16]
    assert videos.protocol()["frames_rule"] == "first16"
    with pytest.raises(ConfigError, match="first16 needs 16 frames, got 9"):
        videos.update(_noise(1, 9, 16), real=True)
    with pytest.raises(ConfigError, match="no frames 'first8'; known rules: all, first16"):
        FVD(frames="first8")


def test_clips_of_another_size_or_length_are_refused():
    videos, _ = _shown()
    videos.update(_noise(1, 9, 16), real=True)
    with pytest.raises(ConfigError, match="one size: 24x24 after 16x16 pixels"):
        videos.update(_noise(1, 9, 24), real=False)
    with pytest.raises(ConfigError, match="one length: 10 frames after 9"):
        videos.update(_noise(1, 10, 16), real=False)
    with pytest.raises(ConfigError, match="at least 9 frames, got 8"):
        videos.update(_noise(1, 8, 16), real=True)


def test_features_of_another_network_or_without_a_value_are_refused():
    with pytest.raises(ConfigError, match="must be"):
        FVD().add(torch.zeros(2, 512), frames=17, real=True)
    with pytest.raises(ConfigError, match="must be finite"):
        FVD().add(torch.full((2, NUM_FEATURES), torch.nan), frames=17, real=True)


def _pair(num: int, other: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return (
        torch.randn(num, width, generator=generator),
        torch.randn(other, width, generator=generator) + 0.5,
    )


def test_kernel_distance_is_the_sum_over_pairs():
    real, generated = _pair(5, 7, 6)

    def kernel(x, y):
        return (float(x.double() @ y.double()) / 6 + 1.0) ** 3

    def mean(pairs):
        values = [kernel(x, y) for x, y in pairs]
        return sum(values) / len(values)

    def others(rows):
        return [(x, y) for i, x in enumerate(rows) for j, y in enumerate(rows) if i != j]

    expected = (
        mean(others(real))
        + mean(others(generated))
        - 2 * mean([(x, y) for x in real for y in generated])
    )
    assert kernel_distance(real, generated) == pytest.approx(expected, rel=1e-12)


def test_kernel_distance_is_what_the_kernel_of_scikit_learn_gives():
    real, generated = _pair(40, 60, 400)
    within = [polynomial_kernel(x.double().numpy(), gamma=1 / 400) for x in (real, generated)]
    pairs = sum((k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in within)
    across = polynomial_kernel(real.double().numpy(), generated.double().numpy(), gamma=1 / 400)
    expected = pairs - 2 * across.mean()
    assert kernel_distance(real, generated) == pytest.approx(expected, rel=1e-12)


def test_kernel_distance_has_no_bias_between_equal_distributions():
    generator = torch.Generator().manual_seed(1)
    distances = [
        kernel_distance(*torch.randn(2, 20, 8, generator=generator).unbind(0)) for _ in range(400)
    ]
    mean, error = torch.tensor(distances).mean(), torch.tensor(distances).std() / 400**0.5
    assert abs(mean) < 3 * error
    assert min(distances) < 0 < max(distances)


def test_kernel_distance_of_one_clip_has_no_pair():
    with pytest.raises(ConfigError, match="at least 2 clips"):
        kernel_distance(torch.zeros(1, 4), torch.zeros(5, 4))
