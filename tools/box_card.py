"""The model card of a box, made from the runs that its networks come from and from its study."""

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pvvae.data.packing.sample_videos import BIKES, BUNNY, CARPHONE, CITY
from pvvae.data.scenes.pictures import PHOTOGRAPHS
from pvvae.pretrained.runs import checkpoint_of
from pvvae.pretrained.tensor_files import read_tensors
from pvvae.run.folder import read_config, read_metrics

TEMPLATE = Path(__file__).with_suffix(".md")
NOT_YET = "Not measured yet: `pvvae study configs/studies/box.yaml` measures them."


@dataclass(frozen=True, kw_only=True)
class Trained:
    """One network of the box and where it was trained."""

    label: str
    run: Path
    network: str
    """Name of its file in a checkpoint: vae or denoiser."""

    @property
    def runs(self) -> list[Path]:
        """The run, after those that it went on from (``init:``), the first one first."""
        before = read_config(self.run).get("init")
        if not isinstance(before, str) or not (Path(before) / "config.yaml").is_file():
            return [self.run]
        return [*dataclasses.replace(self, run=Path(before)).runs, self.run]

    @property
    def row(self) -> str:
        """Markdown: label, parameters, stages, steps, clips learned from, hours, seed."""
        plain = [read_config(run) for run in self.runs]
        found = [checkpoint_of(run) for run in self.runs]
        tensors = read_tensors(found[-1].folder / f"{self.network}.safetensors")
        number = sum(tensor.numel() for tensor in tensors.values())
        words = (
            self.label,
            f"{number / 1e6:.2f}M",
            ", ".join(str(one["stage"]) for one in plain),
            " + ".join(f"{one.step:,}" for one in found),
            f"{self._unique:,}" if self._unique else "–",
            f"{sum(map(hours, self.runs)):.1f}",
            str(plain[-1].get("seed", 0)),
        )
        return f"| {' | '.join(words)} |"

    @property
    def _unique(self) -> int:
        path = self.run / "data.json"
        return int(json.loads(path.read_text())["unique_samples"]) if path.is_file() else 0


def hours(run: Path) -> float:
    """Hours that the steps of a run took, on whatever else the machine was doing meanwhile."""
    seconds, before = 0.0, 0
    for line in read_metrics(run, "train"):
        pace = line.get("times", {}).get("seconds_per_step", 0.0)
        seconds += (line["step"] - before) * pace
        before = line["step"]
    return seconds / 3600


def command(run: Path) -> str:
    """What was typed to train a run."""
    typed = json.loads((run / "provenance.json").read_text())["command"]
    words = [word for word in typed.split()[1:] if not word.startswith("--")]
    return " ".join(["pvvae train", *words])


def card(networks: Iterable[Trained], *, study: Path | None) -> str:
    """The Markdown.

    Args:
        networks: in the order of its table.
        study: folder of the study of this box; None says that nothing was measured yet.
    """
    listed = list(networks)
    parts: Mapping[str, str] = {
        "networks": "\n".join(trained.row for trained in listed),
        "commands": "\n".join(
            dict.fromkeys(command(run) for trained in listed for run in trained.runs)
        ),
        "figures": NOT_YET if study is None else figures(study),
        "sources": _sources(),
    }
    return re.sub(r"\{(\w+)\}", lambda found: parts[found[1]], TEMPLATE.read_text())


def figures(study: Path) -> str:
    """Answers and tables of a study's page, without its title, runs and command."""
    text = (study / "study.md").read_text()
    body = text.partition("\n\n")[2].partition("\n## Runs")[0]
    return body.replace("\n## ", "\n### ").strip()


def _sources() -> str:
    files = (BUNNY, CARPHONE, CITY, *PHOTOGRAPHS)
    rows = [f"- {one.name}, of {one.package} {one.version}: {one.licence}" for one in files]
    held = f"- held out: {BIKES.name}, of {BIKES.package} {BIKES.version}: {BIKES.licence}"
    return "\n".join([*rows, held])
