"""Inception Score: how sure a classifier is of each clip, and how evenly it uses its classes.

Salimans et al., "Improved Techniques for Training GANs" (2016), section 4. For videos it is taken
over C3D's 101 classes of UCF101 (Saito et al., TGANv2, 2020). Over other classes it is another
metric and has another name here. How clips are split moves it more than methods do: of a perfect
classifier, 2,048 clips of 101 classes score 98.5 whole and 76.5 in ten parts. So both are given.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean, stdev

import numpy as np
import torch
from scipy.special import stdtrit
from torch import Tensor

from pvvae.errors import ConfigError
from pvvae.metrics.intervals import LEVEL, Interval, jackknife_interval, order_of
from pvvae.metrics.results import Value
from pvvae.metrics.weight_catalog import I3D_KINETICS

SPLITS, SHUFFLE = 10, 42
"""StyleGAN-V's, which Latte and those after it took over: ``RandomState(42)`` shuffles, then ten
parts. TGANv2 takes all clips at once."""


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """Whose classes are counted."""

    metric: str
    """Name of the score of ten splits; that of a single one has ``_one_split`` behind it."""
    classes: int
    logits: str
    """What they are, for the protocol."""
    weights: Mapping[str, str] = field(default_factory=dict)
    """sha256 of its files, by name."""


I3D_K400 = Classifier(
    metric="is_i3d_k400",
    classes=400,
    logits="400 logits of I3D (tf.hub deepmind/i3d-kinetics-400/1), mean over time",
    weights={"i3d": I3D_KINETICS.sha256},
)
C3D_UCF101 = Classifier(
    metric="is_c3d_ucf101",
    classes=101,
    logits="101 logits of C3D (tgan2 v1.0), first 16 frames, BGR at 112x112 by bilinear "
    "interpolation between corners, minus mean2's cube",
)
"""C3D without its weights, which ``C3D.classifier`` adds."""


def inception_score(probabilities: Tensor) -> float:
    """exp of the mean KL divergence of rows (N, K), float64, from their mean: 1 to min(N, K).

    As entropies, H(mean) - mean H, so that a probability of zero costs nothing.
    """
    marginal = torch.special.entr(probabilities.mean(dim=0)).sum()
    each = torch.special.entr(probabilities).sum(dim=1).mean()
    return math.exp(float(marginal - each))


def split_scores(probabilities: Tensor, *, splits: int = SPLITS) -> list[float]:
    """Scores of ``splits`` parts of rows (N, K), shuffled as StyleGAN-V does."""
    num = len(probabilities)
    order = np.arange(num)
    np.random.RandomState(SHUFFLE).shuffle(order)
    shuffled = probabilities[torch.from_numpy(order)]
    return [
        inception_score(shuffled[i * num // splits : (i + 1) * num // splits])
        for i in range(splits)
    ]


class InceptionScore:
    """IS of many clips under both rules; the same bits in any order and any batches."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self.logits: list[Tensor] = []

    def add(self, logits: Tensor) -> None:
        """Take logits (N, K) of clips.

        Raises:
            ConfigError: if they are not as wide as the classifier's, or not finite.
        """
        if logits.dim() != 2 or logits.shape[1] != self.classifier.classes:
            raise ConfigError(
                f"{self.classifier.metric} needs logits (N, {self.classifier.classes}), "
                f"got {tuple(logits.shape)}"
            )
        if not logits.isfinite().all():
            raise ConfigError(f"logits for {self.classifier.metric} must be finite")
        self.logits.append(logits.detach().double().cpu())

    def compute(self, *, seed: int = 0) -> dict[str, Value]:
        """For results.json: the score of ten splits, and of one under ``…_one_split``.

        Intervals: of ten splits, Student's over the ten, which share no clip; of one, the
        jackknife's, whose blocks depend on ``seed``.

        Raises:
            ConfigError: with fewer than two clips.
        """
        logits = torch.cat([torch.empty(0, self.classifier.classes), *self.logits]).double()
        if len(logits) < 2:
            raise ConfigError(f"IS needs at least 2 clips, got {len(logits)}")
        probabilities = logits[order_of(logits)].softmax(dim=1)
        whole = inception_score(probabilities)
        interval = jackknife_interval(whole, inception_score, probabilities, seed=seed)
        return {
            self.classifier.metric: self._split(probabilities),
            f"{self.classifier.metric}_one_split": Value(
                value=whole,
                interval=None if interval is None else (max(interval[0], 1.0), interval[1]),
                note=self._note(len(logits), 1),
            ),
        }

    def _split(self, probabilities: Tensor) -> Value:
        if len(probabilities) < SPLITS:
            return Value(value=None, note=f"{len(probabilities)} clips cannot be split in {SPLITS}")
        scores = split_scores(probabilities)
        return Value(
            value=fmean(scores),
            interval=_students(scores),
            note=self._note(len(probabilities), SPLITS),
        )

    def _note(self, num: int, splits: int) -> str | None:
        if num >= self.classifier.classes:
            return None
        return (
            f"{num} clips, fewer than {self.classifier.classes} classes: "
            f"it cannot exceed {-(-num // splits)}"
        )

    def protocol(self) -> dict[str, str | int | dict[str, str]]:
        """Exactly what is computed, for the result file."""
        return {
            "logits": self.classifier.logits,
            "weights_sha256": dict(self.classifier.weights),
            "splits": f"{SPLITS} after RandomState({SHUFFLE}).shuffle of the sorted clips; "
            "one_split: all clips at once",
            "num_generated": sum(map(len, self.logits)),
        }


def _students(scores: list[float]) -> Interval:
    """95% interval of the mean of independent scores; IS is 1 at least."""
    reach = float(stdtrit(len(scores) - 1, (1 + LEVEL) / 2)) * stdev(scores) / len(scores) ** 0.5
    return max(fmean(scores) - reach, 1.0), fmean(scores) + reach
