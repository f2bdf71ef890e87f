"""Probes with a trained head: every source's error beside its trivial rivals; cut, it goes on."""

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pvvae import distributed, seeding
from pvvae.analysis.clips import AnalysedClips
from pvvae.analysis.latents import MEASURED
from pvvae.errors import ConfigError
from pvvae.files import write_json
from pvvae.metrics.intervals import mean_interval
from pvvae.metrics.results import Results, Value
from pvvae.probes.features import DenoiserFeatures, FeatureSource
from pvvae.probes.fitting import ProbeSamples, answered, fitted_head, new_head
from pvvae.probes.head import HeadConfig, ProbeHead
from pvvae.probes.kept_samples import KeptClips
from pvvae.probes.tasks import MEAN, ProbeTask
from pvvae.run.item_results import ItemResults
from pvvae.run.progress_bar import progress

FILE = "analysis.json"
HEADS = "by_seed"
"""Name of each head's means among the facts of a result."""
OWN, FLOOR = "probe", "rebuilt"
"""Rows of a table that each source has of its own."""
VALIDATION = 5
"""One training clip in this many chooses among blocks and times, and fits no head. Ours."""


@dataclass(frozen=True, kw_only=True)
class ProbeQuestion:
    """What is asked, of which clips."""

    task: ProbeTask
    train: AnalysedClips
    test: AnalysedClips
    head: HeadConfig
    seeds: int
    """Heads of each source, from seed 0 on."""
    shown: int = 0
    """Test clips whose answers are kept for a page."""


@dataclass(frozen=True)
class ProbedSource:
    """One source of features, the best of its blocks and times."""

    label: str
    about: str
    results: Results
    errors: Tensor
    """(N, scores) of each clip tested on, means over heads; NaN where it has no such pixels."""
    answers: Sequence[Tensor]
    """What the first head says of each clip shown, (C, K, H, W)."""


def probe_trained(
    sources: Sequence[Sequence[FeatureSource]], question: ProbeQuestion, out: Path
) -> list[ProbedSource]:
    """Fit heads, measure them, and write OUT/analysis.json.

    Features, truths and finished heads stay in OUT/measured until they are forgotten; a later start
    with the same networks and clips uses them.

    Args:
        sources: of each RUN the ones to choose from, by the error of the first head on clips that
            it was not fitted on.
        question: what is asked.
        out: a folder.

    Raises:
        ConfigError: if a source does not take such clips, a clip is in training and test, or a
            file cannot be written.
    """
    q = question
    for clips in (q.train, q.test):
        q.task.check(clips)
    _check_apart(q.train, q.test)
    kept = ItemResults(out / MEASURED, remember=False)
    train, test = KeptClips(q.train, q.task, kept), KeptClips(q.test, q.task, kept)
    train.prepare_truths("truth of clips to learn from")
    test.prepare_truths("truth of clips to test on")
    test.prepare_rivals("rivals")
    bench = _Bench(q, train, test, kept)
    found = [bench.probe(each) for each in sources]
    runs = {one.label: one.results.plain() for one in found}
    plain = {
        pair: {score: value.plain() for score, value in zip(q.task.scores, values, strict=True)}
        for pair, values in differences(found, seed=q.test.question.seed).items()
    }
    write_json(out / FILE, {"kind": f"probe {q.task.name}", "runs": runs, "differences": plain})
    return found


def differences(found: Sequence[ProbedSource], *, seed: int) -> dict[str, list[Value]]:
    """By ``ONE - OTHER``, how much larger one's errors are on the same clips, for each score."""
    return {
        f"{one.label} - {other.label}": [
            _value(column, seed) for column in (one.errors - other.errors).T
        ]
        for one, other in combinations(found, 2)
    }


def _check_apart(train: AnalysedClips, test: AnalysedClips) -> None:
    if len(train) < 2:
        raise ConfigError(
            f"{train.question.where}: one clip to learn from; two are the least, since one in "
            f"{VALIDATION} is kept to choose by"
        )
    learned = {clip.sha256 for clip in train.drawn.chosen}
    both = [clip.id for clip in test.drawn.chosen if clip.sha256 in learned]
    if both:
        raise ConfigError(
            f"{test.question.where}: {len(both)} of {len(test)} clips are in --train too ({both[0]}"
            " is one), so a head would be tested on what it learned; name others"
        )


class _Bench:
    """Everything that the sources have in common."""

    def __init__(
        self, question: ProbeQuestion, train: KeptClips, test: KeptClips, kept: ItemResults
    ) -> None:
        self.q, self.train, self.test, self.kept = question, train, test, kept
        numbers = range(len(train))
        self.choosing = [n for n in numbers if n % VALIDATION == VALIDATION - 1] or [numbers[-1]]
        self.fitting = [n for n in numbers if n not in self.choosing]

    def probe(self, candidates: Sequence[FeatureSource]) -> ProbedSource:
        """The best of some sources, measured."""
        began = time.monotonic()
        sweep, samples = [], []
        for source in candidates:
            title = f"{source.label}: {source.about}"
            read = self.train.prepare_features(source, title)
            head = self._head(source, read, seed=0)
            sweep.append(self._mean_error(head, read))
            samples.append(read)
        best = int(np.argmin(sweep))
        source, read = candidates[best], samples[best]
        held = self.test.prepare_features(source, f"{source.label}: test")
        heads = [self._head(source, read, seed=seed) for seed in range(self.q.seeds)]
        errors = torch.stack([self._errors(head, held) for head in heads])  # (seeds, N, scores)
        device = distributed.device()
        shown = range(min(self.q.shown, len(self.test)))
        results = Results(
            metrics=self._metrics(errors, source),
            protocol=self._protocol(source),
            counts={"clips": len(self.test), "fitted_on": len(self.fitting)}
            | {"chosen_by": len(self.choosing), "heads": self.q.seeds},
            seeds={"clips": self.q.test.question.seed, "intervals": self.q.test.question.seed},
            facts={"features": source.about, "validation": sweep[best]}
            | self._sweep(candidates, sweep)
            | {HEADS: _by_seed(errors)},
            times={"seconds": time.monotonic() - began},
        )
        answers = [answered(heads[0], held, n, self.q.task, device) for n in shown]
        return ProbedSource(source.label, source.about, results, errors.mean(dim=0), answers)

    def _head(self, source: FeatureSource, read: ProbeSamples, *, seed: int) -> ProbeHead:
        """The head of a seed, as it was kept or fitted now."""
        q, device = self.q, distributed.device()
        clips = [self.train.clips.drawn.chosen[n].sha256 for n in self.fitting]
        size = q.train.protocol()["size"]
        what = (q.task.name, repr(q.head), seed, source.digest, size, self.train.seen)
        key = seeding.key("probe head", *map(str, what), *clips)
        if not self.kept.has(key):
            title = f"{source.label}: {source.about}, head {seed + 1}"
            with progress(title, q.head.steps) as bar:
                head = fitted_head(
                    read, self.fitting, q.task, q.head, seed=seed, device=device, on_step=bar.update
                )
            self.kept.keep(key, head.state_dict())
        head = new_head(read, self.fitting[:1], q.task, q.head, seed=seed)
        head.load_state_dict(dict(self.kept.row(key)))
        return head.to(device).eval().requires_grad_(False)

    def _errors(self, head: ProbeHead, samples: ProbeSamples) -> Tensor:
        """(N, scores) on the test clips."""
        task, device = self.q.task, distributed.device()
        rows = []
        for n in range(len(self.test)):
            rows.append(task.errors(answered(head, samples, n, task, device), self.test.truth(n)))
        return torch.stack(rows)

    def _mean_error(self, head: ProbeHead, samples: ProbeSamples) -> float:
        """The first score over the clips to choose by."""
        task, device = self.q.task, distributed.device()
        each = [
            task.errors(answered(head, samples, n, task, device), samples.truth(n))[0]
            for n in self.choosing
        ]
        return float(torch.stack(each).mean())

    def _metrics(self, errors: Tensor, source: FeatureSource) -> dict[str, Value]:
        """``WHO_SCORE`` of the probe and each rival: means over clips, heads' mean first."""
        by_who = {OWN: errors.mean(dim=0)} | self._rivals()
        floor = [self.test.floor(source, n) for n in range(len(self.test))]
        known = [row for row in floor if row is not None]
        if known:
            by_who[FLOOR] = torch.stack(known)
        seed = self.q.test.question.seed
        return {
            f"{who}_{score}": _value(rows[:, place], seed)
            for who, rows in by_who.items()
            for place, score in enumerate(self.q.task.scores)
        }

    def _rivals(self) -> dict[str, Tensor]:
        """Errors (N, scores) by name."""
        task = self.q.task
        total = torch.stack(
            [self.train.truth(n).double().mean(dim=(1, 2, 3)) for n in self.fitting]
        )
        mean = total.mean(dim=0)[:, None, None, None]
        rows: dict[str, list[Tensor]] = {}
        for n in range(len(self.test)):
            truth = self.test.truth(n)
            rows.setdefault(MEAN, []).append(task.errors(mean.expand_as(truth), truth))
            for name, errors in self.test.rivals(n).items():
                rows.setdefault(name, []).append(errors)
        return {name: torch.stack(each) for name, each in rows.items()}

    def _protocol(self, source: FeatureSource) -> dict[str, Any]:
        q, where = self.q, self.q.test.protocol()
        return {
            **q.task.depends_on(q.test),
            "clips": where["clips"],
            "learned_from": q.train.protocol()["clips"],
            "size": where["size"],
            "seen": self.test.seen,
            "head": asdict(q.head),
            "stride": list(source.stride),
        }

    def _sweep(
        self, candidates: Sequence[FeatureSource], errors: Sequence[float]
    ) -> dict[str, Any]:
        """Block, time and validation error of each candidate, where there was a choice."""
        cells = [
            {"block": one.block, "time": one.time, "error": error}
            for one, error in zip(candidates, errors, strict=True)
            if isinstance(one, DenoiserFeatures)
        ]
        return {"sweep": cells} if len(cells) > 1 else {}


def _by_seed(errors: Tensor) -> list[list[float | None]]:
    """Each head's mean of each score, (seeds, N, scores) to lists; None where no clip has it."""
    means: list[list[float]] = errors.nanmean(dim=1).tolist()
    return [[None if math.isnan(mean) else mean for mean in head] for head in means]


def _value(column: Tensor, seed: int) -> Value:
    known = column[~column.isnan()]
    missing = len(column) - len(known)
    note = f"{missing} of {len(column)} clips have no such pixels" if missing else None
    if not len(known):
        return Value(value=None, note=note)
    return Value(value=float(known.mean()), interval=mean_interval(known, seed=seed), note=note)
