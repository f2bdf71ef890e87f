"""Who is shown: the networks of a box, and on request what training on from them made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from arch.interface import Denoiser
from pvvae import distributed
from pvvae.box import Box
from pvvae.data.latent_scale import LatentScale
from pvvae.denoiser.trained_run import latte_scale
from pvvae.errors import ConfigError
from pvvae.model import PredictiveVAE
from pvvae.pretrained.denoisers import load_denoiser
from pvvae.pretrained.runs import load_vae
from pvvae.run.folder import is_run


@dataclass(frozen=True)
class Actor:
    """A VAE as it is used: fine-tuning its decoder leaves another one to predict with."""

    rebuilds: PredictiveVAE
    predicts: PredictiveVAE


@dataclass(frozen=True)
class Sampler:
    """What makes clips out of noise."""

    label: str
    denoiser: Denoiser
    scale: LatentScale
    vae: PredictiveVAE


Group = Mapping[str, Actor]
"""Actors that are shown side by side, by label."""


@dataclass(frozen=True)
class Cast:
    """Everyone on a page."""

    heading: str
    lead: str
    groups: Mapping[str, Group]
    """By what tells a group's heads from the others', empty where there is one."""
    twins: Group
    """Shown only where latents and errors are compared."""
    samplers: Sequence[Sampler]

    @property
    def everyone(self) -> dict[str, Actor]:
        """All actors by label, each beside its twin."""
        found: dict[str, Actor] = {}
        for group in self.groups.values():
            for label, actor in group.items():
                found[label] = actor
                found |= {t: twin for t, twin in self.twins.items() if t.startswith(f"{label},")}
        return found | dict(self.twins)


def cast_of(box: Box) -> Cast:
    """The networks of a box, those that were not taught to predict among them.

    Raises:
        ConfigError: if one does not load.
    """
    actors = {name: _boxed(box, name) for name in _in_order(box)}
    label = {name: about.label for name, about in box.vaes.items()}
    return Cast(
        heading="What predictive latents do",
        lead="Small networks that came with this project, on clips that they have not seen. "
        "Nothing was trained for this page.",
        groups={"": {label[n]: a for n, a in actors.items() if box.vaes[n].twin_of is None}},
        twins={label[n]: a for n, a in actors.items() if box.vaes[n].twin_of is not None},
        samplers=[
            Sampler(label[latte.vae], *box.latte(name), actors[latte.vae].rebuilds)
            for vae in actors
            for name, latte in box.lattes.items()
            if latte.vae == vae
        ],
    )


BEFORE, AFTER = "before", "after"


def cast_after(box: Box, runs: Path) -> Cast:
    """Networks of a box, each beside what became of it in ``runs``/NAME.

    There, as the quickstart lays them, are ``predictive``, ``decoder_finetune`` and ``latte``; what
    has no folder is left out.

    Raises:
        ConfigError: if none has one, or a network does not load.
    """
    names = [name for name in _in_order(box) if is_run(runs / name / "predictive")]
    if not names:
        those = ", ".join(f"{runs}/{name}/predictive" for name in box.vaes)
        raise ConfigError(f"--after: {runs}: nothing of the box was trained on there: no {those}")
    groups: dict[str, Group] = {}
    samplers: list[Sampler] = []
    for name in names:
        label = box.vaes[name].label
        before, after = _boxed(box, name), _trained(runs / name)
        groups[label] = {f"{label}, {BEFORE}": before, f"{label}, {AFTER}": after}
        for latte, about in box.lattes.items():
            if about.vae == name:
                samplers.append(Sampler(f"{label}, {BEFORE}", *box.latte(latte), before.rebuilds))
        latte_run = runs / name / "latte"
        if is_run(latte_run):
            denoiser, scale = load_denoiser(latte_run), latte_scale(latte_run)
            samplers.append(Sampler(f"{label}, {AFTER}", denoiser, scale, after.rebuilds))
    return Cast(
        heading="What these minutes changed",
        lead="The networks of the box, before and after they were trained on, stage by stage, on a "
        "few real clips and scenes. All clips here are ones that neither has seen.",
        groups=groups,
        twins={},
        samplers=samplers,
    )


def _in_order(box: Box) -> list[str]:
    """Names of VAEs: first what has a twin to be compared with, since the page is about that."""
    compared = {about.twin_of for about in box.vaes.values()}
    return sorted(box.vaes, key=lambda name: (name not in compared, name))


def _boxed(box: Box, name: str) -> Actor:
    vae = box.vae(name).to(distributed.device())
    return Actor(rebuilds=vae, predicts=vae)


def _trained(folder: Path) -> Actor:
    predicts = load_vae(folder / "predictive").to(distributed.device())
    tuned = folder / "decoder_finetune"
    rebuilds = load_vae(tuned).to(distributed.device()) if is_run(tuned) else predicts
    return Actor(rebuilds=rebuilds, predicts=predicts)
