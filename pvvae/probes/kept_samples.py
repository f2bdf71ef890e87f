"""Features and truths of clips on disk, so that heads can read them again and again."""

import torch

from pvvae import distributed, seeding
from pvvae.analysis.clips import AnalysedClips
from pvvae.analysis.prediction import weights_digest
from pvvae.data.clips import to_pixels
from pvvae.errors import ConfigError
from pvvae.probes.features import FeatureSource
from pvvae.probes.fitting import ProbeSamples
from pvvae.probes.tasks import ProbeTask
from pvvae.run.item_results import ItemResults, Row
from pvvae.run.progress_bar import progress

VERSION = 1
"""Changes when what is kept changes its meaning."""


class KeptClips:
    """Truths, rivals and features of one set of clips for one task; what is there stays there."""

    def __init__(self, clips: AnalysedClips, task: ProbeTask, kept: ItemResults) -> None:
        """Nothing is computed yet; ``seen`` frames of each clip will be."""
        self.clips, self.task, self.kept = clips, task, kept
        self.seen = len(task.seen(clips.frames(0)))
        self._what = f"{VERSION} {task.name} {clips.protocol()['size']} {clips.protocol()['flow']}"

    def __len__(self) -> int:
        return len(self.clips)

    def prepare_truths(self, title: str) -> None:
        """Keep every clip's truth."""
        with progress(title, len(self)) as bar:
            for number in range(len(self)):
                if not self.kept.has(self._key("truth", number)):
                    truth = self.task.truth(self.clips, number, self.clips.frames(number))
                    self.kept.keep(self._key("truth", number), {"truth": truth})
                bar.update()

    def prepare_rivals(self, title: str) -> None:
        """Keep how far off those rivals are on every clip that know no other clips."""
        with progress(title, len(self)) as bar:
            for number in range(len(self)):
                if not self.kept.has(self._key("rivals", number)):
                    answers = self.task.rivals(self.clips.frames(number))
                    truth = self.truth(number)
                    errors = {name: self.task.errors(a, truth) for name, a in answers.items()}
                    self.kept.keep(self._key("rivals", number), errors)
                bar.update()

    def prepare_features(self, source: FeatureSource, title: str) -> ProbeSamples:
        """Keep every clip's features of one source.

        Raises:
            ConfigError: naming the source, if it does not take such clips, or gives what is not
                finite.
        """
        q, device = self.clips.question, distributed.device()
        source.check(self.seen, q.height, q.width)
        source.to(device)
        with progress(title, len(self)) as bar:
            for number in range(len(self)):
                key = self._key("features", number, source.digest)
                if not self.kept.has(key):
                    x = to_pixels(self.task.seen(self.clips.frames(number))).to(device)
                    self.kept.keep(key, {"features": self._features(source, x, number)})
                bar.update()
        source.to(torch.device("cpu"))
        return ProbeSamples(
            features=lambda number: self._row("features", number, source.digest)["features"],
            truth=self.truth,
            stride=source.stride,
        )

    def truth(self, number: int) -> torch.Tensor:
        """The right answer of a clip."""
        return self._row("truth", number)["truth"]

    def rivals(self, number: int) -> Row:
        """Errors of each rival on a clip, by name."""
        return self._row("rivals", number)

    def floor(self, source: FeatureSource, number: int) -> torch.Tensor | None:
        """Errors of what a source's VAE makes of a clip's answer; None where it says nothing."""
        if source.vae is None:
            return None
        key = self._key("floor", number, weights_digest(source.vae))
        if not self.kept.has(key):
            source.to(distributed.device())
            answer = self.task.floor(self.clips.frames(number), source.vae)
            if answer is None:
                return None
            self.kept.keep(key, {"floor": self.task.errors(answer, self.truth(number))})
        return self.kept.row(key)["floor"]

    @torch.inference_mode()
    def _features(self, source: FeatureSource, x: torch.Tensor, number: int) -> torch.Tensor:
        found = source.features(x, clip=self.clips.drawn.chosen[number].sha256)[0]
        if not found.isfinite().all():
            raise ConfigError(
                f"{source.label}: features of {self.clips.title(number)} are not finite"
            )
        return found

    def _key(self, what: str, number: int, *parts: str) -> int:
        digest = self.clips.drawn.chosen[number].sha256
        return seeding.key("probe", what, self._what, self.seen, digest, *parts)

    def _row(self, what: str, number: int, *parts: str) -> Row:
        return self.kept.row(self._key(what, number, *parts))
