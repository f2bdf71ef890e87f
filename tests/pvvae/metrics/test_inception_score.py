import math

import numpy as np
import pytest
import torch

from pvvae.errors import ConfigError
from pvvae.metrics.inception_score import (
    C3D_UCF101,
    I3D_K400,
    InceptionScore,
    inception_score,
    split_scores,
)
from pvvae.metrics.intervals import order_of


def _perfect(labels: torch.Tensor) -> torch.Tensor:
    """Logits (N, 101) that leave no doubt."""
    return 1000.0 * torch.nn.functional.one_hot(labels, 101).double()


def _computed(logits: torch.Tensor) -> dict[str, float | None]:
    score = InceptionScore(C3D_UCF101)
    score.add(logits)
    return {name: value.value for name, value in score.compute().items()}


def test_a_perfect_classifier_of_even_classes_scores_their_number():
    assert inception_score(_perfect(torch.arange(2020) % 101).softmax(1)) == pytest.approx(
        101, rel=1e-12
    )


def test_a_perfect_classifier_in_ten_splits_scores_what_each_split_has():
    labels = torch.arange(2020) % 101
    found = _computed(_perfect(labels))
    assert found["is_c3d_ucf101_one_split"] == pytest.approx(101, rel=1e-12)
    shuffled = labels[order_of(_perfect(labels))].numpy()
    np.random.RandomState(42).shuffle(shuffled)
    entropies = []
    for part in shuffled.reshape(10, 202):
        share = np.bincount(part) / len(part)
        entropies.append(-sum(p * math.log(p) for p in share if p))
    assert found["is_c3d_ucf101"] == pytest.approx(np.exp(entropies).mean(), rel=1e-12)


def test_2048_clips_of_a_perfect_classifier_lose_a_fifth_by_splitting():
    labels = torch.randint(0, 101, (2048,), generator=torch.Generator().manual_seed(0))
    found = _computed(_perfect(labels))
    assert found["is_c3d_ucf101_one_split"] == pytest.approx(98.5, abs=0.5)
    # Labels drawn anew: 76.6 with a deviation of 0.8 (300 draws, without this shuffle).
    assert found["is_c3d_ucf101"] == pytest.approx(76.6, abs=2.5)


def test_a_constant_classifier_scores_one_under_both_rules():
    logits = torch.randn(101, generator=torch.Generator().manual_seed(0)).expand(500, 101)
    assert list(_computed(logits).values()) == pytest.approx([1.0, 1.0], abs=1e-12)


def test_it_is_stylegan_vs_formula():
    rng = torch.Generator().manual_seed(0)
    probs = (3 * torch.randn(333, 7, generator=rng).double()).softmax(1)
    rows, scores = probs.numpy().copy(), []
    np.random.RandomState(42).shuffle(rows)
    for i in range(10):
        part = rows[i * 333 // 10 : (i + 1) * 333 // 10]
        divergence = part * (np.log(part) - np.log(part.mean(axis=0, keepdims=True)))
        scores.append(np.exp(divergence.sum(axis=1).mean()))
    assert split_scores(probs) == pytest.approx(scores, rel=1e-12)


def test_any_order_and_any_batches_give_the_same_bits():
    logits = torch.randn(57, 400, generator=torch.Generator().manual_seed(0))
    whole, parts = InceptionScore(I3D_K400), InceptionScore(I3D_K400)
    whole.add(logits)
    for batch in logits.flip(0).split(10):
        parts.add(batch)
    assert parts.compute() == whole.compute()
    assert parts.protocol() == whole.protocol()


def test_each_score_has_an_interval_and_few_clips_a_note():
    score = InceptionScore(I3D_K400)
    score.add(3 * torch.randn(64, 400, generator=torch.Generator().manual_seed(0)))
    for value in score.compute().values():
        low, high = value.interval or (math.inf, -math.inf)
        assert 1.0 <= low < (value.value or 0.0) < high
    assert score.compute()["is_i3d_k400"].note == (
        "64 clips, fewer than 400 classes: it cannot exceed 7"
    )


def test_what_cannot_be_scored_is_refused():
    score = InceptionScore(C3D_UCF101)
    with pytest.raises(ConfigError, match=r"needs logits \(N, 101\), got \(2, 400\)"):
        score.add(torch.zeros(2, 400))
    with pytest.raises(ConfigError, match="must be finite"):
        score.add(torch.full((2, 101), torch.nan))
    score.add(torch.zeros(1, 101))
    with pytest.raises(ConfigError, match="at least 2 clips, got 1"):
        score.compute()
    score.add(torch.zeros(1, 101))
    assert score.compute()["is_c3d_ucf101"].value is None
