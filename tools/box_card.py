"""The model card of a box, made from the runs that its networks come from and from its study."""

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
    def row(self) -> str:
        """Markdown: label, parameters, stage, steps, clips learned from, hours, seed."""
        plain = read_config(self.run)
        found = checkpoint_of(self.run)
        tensors = read_tensors(found.folder / f"{self.network}.safetensors")
        number = sum(tensor.numel() for tensor in tensors.values())
        words = (
            self.label,
            f"{number / 1e6:.2f}M",
            str(plain["stage"]),
            f"{found.step:,}",
            f"{self._unique:,}" if self._unique else "–",
            f"{self.hours:.1f}",
            str(plain.get("seed", 0)),
        )
        return f"| {' | '.join(words)} |"

    @property
    def _unique(self) -> int:
        path = self.run / "data.json"
        return int(json.loads(path.read_text())["unique_samples"]) if path.is_file() else 0

    @property
    def hours(self) -> float:
        """Hours that its steps took, on whatever else the machine was doing meanwhile."""
        seconds, before = 0.0, 0
        for line in read_metrics(self.run, "train"):
            pace = line.get("times", {}).get("seconds_per_step", 0.0)
            seconds += (line["step"] - before) * pace
            before = line["step"]
        return seconds / 3600

    @property
    def command(self) -> str:
        """What was typed."""
        typed = json.loads((self.run / "provenance.json").read_text())["command"]
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
        "commands": "\n".join(dict.fromkeys(trained.command for trained in listed)),
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
