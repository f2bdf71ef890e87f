"""The findings in plain words, every number computed from the runs."""

from collections.abc import Callable, Sequence
from html import escape

from pvvae.report.runs.run_records import RunGroup
from pvvae.report.tables.run_scores import above_mean_frame, against_repeating
from pvvae.report.tables.scores import (
    GENERATION,
    REBUILDING,
    RECONSTRUCTION,
    TRAINING,
    Found,
    number,
)

FEW_CLIPS = 2048
"""The paper's number of clips for FVD (section 4.1); below it the page warns."""


def results_of(group: RunGroup) -> Found:
    """Both evaluations of a group, and what was timed."""
    stages = (RECONSTRUCTION, GENERATION, REBUILDING, TRAINING)
    return {stage: group.results(stage) for stage in stages}


def name(group: RunGroup) -> str:
    """A group's name in its colour."""
    return f'<b class="name b{group.colour}">{escape(group.name)}</b>'


def summary(groups: Sequence[RunGroup]) -> str:
    """The first paragraphs of the page."""
    sentences = [_trained(groups), _rebuilt(groups), _predicted(groups), _generated(groups)]
    return "\n".join(f"<p>{sentence}</p>" for sentence in sentences if sentence)


def _trained(groups: Sequence[RunGroup]) -> str:
    vaes = [g for g in groups if any(r.stage != "latte" for r in g.records)] or groups
    sizes = [number(results_of(g), RECONSTRUCTION, "parameters") for g in vaes]
    who = [
        f"{name(group)} ({size / 1e6:.2f} million parameters)" if size else name(group)
        for group, size in zip(vaes, sizes, strict=True)
    ]
    phases = {
        "image_pretrain": "{} steps of images",
        "predictive": "{} of video with the future withheld from the encoder",
        "decoder_finetune": "{} of the decoder alone",
    }
    done = [text.format(s) for stage, text in phases.items() if (s := _steps(groups, stage))]
    kind = "is a video VAE" if len(vaes) == 1 else "are video VAEs"
    trained = f", trained on {_data(groups)} for {_listed(done)}" if done else ""
    latte = _steps(groups, "latte")
    then = f" Latte then learned their latents for {latte} steps." if latte else ""
    return f"{_listed(who)} {kind}{trained}.{then}"


def _data(groups: Sequence[RunGroup]) -> str:
    for group in groups:
        latents, vae = group.of("extract_latents"), group.of("predictive")
        if vae is None:
            continue
        folder = f"<code>{escape(str((vae.config.get('data') or {}).get('train')))}</code>"
        for line in latents.metrics if latents else []:
            if line.get("split") == "train" and "clips" in line:
                return f"the {line['clips']} clips of {folder}"
        return folder
    return "images"


def _steps(groups: Sequence[RunGroup], stage: str) -> str:
    """Steps taken in a stage, as a range where the groups differ."""
    records = [record for group in groups if (record := group.of(stage))]
    steps = sorted({record.steps for record in records} - {0})
    return "" if not steps else "–".join(f"{s:,}" for s in dict.fromkeys((steps[0], steps[-1])))


def _rebuilt(groups: Sequence[RunGroup]) -> str:
    parts: list[str] = []
    gains = []
    for group in groups:
        results = results_of(group)
        psnr, gain = number(results, RECONSTRUCTION, "psnr"), above_mean_frame(results)
        if psnr is None:
            continue
        verb, unit = ("reaches ", " PSNR") if not parts else ("", "")
        parts.append(f"{name(group)} {verb}<b>{psnr:.2f} dB</b>{unit}")
        if gain is not None:
            gains.append(f"{abs(gain):.2f} dB {'more' if gain >= 0 else 'less'}")
    if not parts:
        return ""
    clips = _first(groups, lambda g: g.results(RECONSTRUCTION).get("counts", {}).get("clips"))
    size = _first(groups, lambda g: g.results(RECONSTRUCTION).get("protocol", {}).get("size"))
    shape = f" of {str(size).replace('x', ' × ')}" if size else ""
    above = f": {_listed(gains)} than showing the training set’s mean frame" if gains else ""
    return f"On {clips} held-out clips{shape}, {_listed(parts)}{above}."


def _predicted(groups: Sequence[RunGroup]) -> str:
    parts: list[str] = []
    winners: list[RunGroup] = []
    for group in groups:
        ratio = against_repeating(results_of(group))
        if ratio is None:
            continue
        winners += [group] if ratio < 0 else []
        verb = "makes " if not parts else ""
        amount = f"{abs(ratio):.1%} {'less' if ratio < 0 else 'more'} error"
        parts.append(f"{name(group)} {verb}<b>{amount}</b>")
    if not parts:
        return ""
    if len(winners) in (0, len(parts)):
        verdict = (
            "prediction beats repetition" if winners else "repetition is still the better guess"
        )
    else:
        verdict = f"prediction beats repetition for {_listed([name(g) for g in winners])} only"
    observed = _first(groups, lambda g: g.observed)
    frames = _first(groups, lambda g: len(g.results(RECONSTRUCTION)["curves"]["psnr"]))
    shown = f"Shown the first {observed} of {frames} frames and asked for the rest, "
    return (
        f"{shown if observed else ''}{_listed(parts)} than repeating the last observed frame. "
        f"At this size {verdict}."
    )


def _generated(groups: Sequence[RunGroup]) -> str:
    parts = []
    for group in groups:
        fvd = number(results_of(group), GENERATION, "fvd")
        if fvd is not None:
            parts.append(f"{name(group)} <b>{fvd:,.0f}</b>")
    if not parts:
        return ""
    clips = _first(groups, lambda g: g.results(GENERATION).get("counts", {}).get("samples"))
    floor = _first(groups, lambda g: g.results(GENERATION).get("floor", {}).get("fvd"))
    beside = f", where two halves of the real clips are {floor:,.0f} apart" if floor else ""
    few = isinstance(clips, int) and clips < FEW_CLIPS
    warning = f" From {clips} samples this says little, and nothing beside a paper’s number."
    return f"FVD of generated clips: {_listed(parts)}{beside}.{warning if few else ''}"


def _first(
    groups: Sequence[RunGroup], read: Callable[[RunGroup], object]
) -> int | float | str | None:
    """The first group's value that there is."""
    for group in groups:
        try:
            found = read(group)
        except KeyError:
            continue
        if isinstance(found, int | float | str):
            return found
    return None


def _listed(parts: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join([*([", ".join(parts[:-1])] if len(parts) > 1 else []), parts[-1]])
