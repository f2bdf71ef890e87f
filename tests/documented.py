"""The commands that README and docs tell people to type, and small things for them to work on."""

import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from pvvae.data.video.video import write_video
from tests.launchers.conftest import toy_latte_run, toy_vae_run
from tests.launchers.squares import moving_squares
from tests.pvvae.report.conftest import write_run

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PROGRAMS = ("make", "pvvae", "deepspeed", "sbatch")


@dataclass(frozen=True)
class Typed:
    """One command as it stands on a page."""

    page: str
    words: tuple[str, ...]
    whole: bool
    """Whether it stands in a block, to be typed; else it is named within a sentence."""

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"


def commands() -> list[Typed]:
    """Every command of every page, in order, once for each page."""
    found = []
    for page in PAGES:
        name, text = str(page.relative_to(ROOT)), page.read_text()
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
            lines = block.replace("\\\n", " ").splitlines()
            found += [_typed(name, line, whole=True) for line in lines if line.strip()]
        prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        spans = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]
        found += [_typed(name, s, whole=False) for s in spans if s.split()[0] in PROGRAMS]
    return [typed for typed in dict.fromkeys(found) if typed.words]


def _typed(page: str, line: str, *, whole: bool) -> Typed:
    return Typed(page, tuple(shlex.split(line, comments=True)), whole)


def make_world(folder: Path) -> None:
    """Fill the working folder in which the README's commands are typed.

    The names are those of the README: six videos, a video, folders of clips to measure, and runs of
    toy networks where it has runs of large ones.
    """
    for name in ("configs", "launchers"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "VIDEOS").mkdir()
    for i in range(4):
        write_video(folder / f"VIDEOS/{i}.mp4", moving_squares(17 + i, 512, 512), fps=25)
    write_video(folder / "in.mp4", moving_squares(17, 540, 700), fps=25)
    runs = folder / "runs"
    for name in ("cnn/predictive", "cnn/decoder_finetune", "vit/decoder_finetune"):
        for run in (runs / name, runs / "quickstart_scratch" / name):
            torch.manual_seed(0)  # the decoder's stage has the same encoder
            toy_vae_run(run)
    vae = runs / "cnn/predictive"
    toy_latte_run(runs / "cnn/latte", latents=runs / "cnn/extract_latents", vae=vae)
    latents = runs / "quickstart_scratch/vit/extract_latents"
    toy_latte_run(runs / "quickstart_scratch/vit/latte", latents=latents, vae=vae)
    for name in ("cnn", "vit"):
        write_run(runs / name / "evaluate_reconstruction", "evaluate_reconstruction")
    for name in ("wan2.2", "ssvae"):
        write_run(runs / "peers" / name, "evaluate_reconstruction")
    for name in ("cnn", "quickstart_scratch/cnn"):
        write_run(runs / name / "samples", "generate")
    shutil.copy(runs / "cnn/evaluate_reconstruction/results.json", folder / "ours.json")
    _measured_folders(folder)


def _measured_folders(folder: Path) -> None:
    for side in ("originals", "rebuilt", "UCF-101", "samples"):
        (folder / side).mkdir()
        for i in range(2):
            clip = moving_squares(17 + i, 32, 32)[:17].astype(np.uint8)
            np.save(folder / side / f"{i}.npy", clip + (side == "rebuilt"))
