"""Which number foretells the quality of samples: a page, and its table as lines to print."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from pvvae.files import write_json, write_text
from pvvae.metrics.analysis_catalog import ANALYSIS
from pvvae.report.foretelling.plot import COLOURS, scatter
from pvvae.report.html_shell import Section, shell
from pvvae.study.answers.foretold_runs import RATIO, Gathered
from pvvae.study.statistics.correlation import Estimate
from pvvae.study.statistics.foretelling import Foretelling, foretelling

PAGE, FILE = "index.html", "analysis.json"
LABELS = {
    "psnr": "PSNR",
    "ssim": "SSIM",
    "lpips": "LPIPS",
    "rfvd": "rFVD",
    "ltd": "Latent temporal distance",
    "predicted": "Error of withheld frames",
    RATIO: "Error of withheld frames over that of repetition",
    "heldout": "Held-out error while training",
    "flow": "Latte’s held-out loss (needs the denoiser)",
}
"""Names that studies of this project give to measures."""
HEADS = {
    "spearman": "Rank correlation",
    "pearson": "Correlation",
    "pairs": "Pairs told",
    "explained": "Explained",
    "pooled_spearman": "Rank correlation, pooled",
    "pooled_pearson": "Correlation, pooled",
}
"""Columns: fields of a Foretelling."""
LEAD = (
    "What was measured of a VAE, against the log of gFVD of samples that a denoiser made with it. "
    "Correlations are at equal study and seed, where nothing else differs; pooled ones take all "
    "runs together, and studies differ in much else. Pairs told: how often the number says which "
    "of two VAEs of one study and seed has the better samples, its direction taken from the other "
    "studies; half is guessing. Explained: share of the variance that the other studies’ line "
    "foretells; zero or less is nothing. In brackets 95% intervals, of blocks of one study and "
    "seed drawn again. Numbers of latents depend on their shape, and a study may compare shapes."
)

Found = Mapping[str, Foretelling]


def foretell(gathered: Gathered) -> Found:
    """What each number says, the one with the strongest rank correlation first."""
    names = sorted({name for run in gathered.runs for name in run.numbers})
    found = {name: foretelling(gathered.runs, name) for name in names}
    known = {name: one for name, one in found.items() if one is not None}
    return dict(sorted(known.items(), key=lambda pair: -_strength(pair[1])))


def write_page(gathered: Gathered, found: Found, out: Path) -> Path:
    """Write OUT/index.html and OUT/analysis.json.

    Raises:
        ConfigError: if the disk is full or refuses.
    """
    runs = [asdict(run) for run in gathered.runs]
    numbers = {name: _plain(asdict(one)) for name, one in found.items()}
    write_json(
        out / FILE,
        {
            "kind": "foretell",
            "numbers": numbers,
            "runs": runs,
            "left_out": [*gathered.left_out],
            "notes": [*gathered.notes],
        },
    )
    studies = sorted({run.study for run in gathered.runs})
    notes = "".join(f"<li>{escape(line)}</li>" for line in gathered.left_out)
    said = "".join(f"<p>{escape(line)}.</p>" for line in gathered.notes)
    sections = [
        Section(key="table", head="Numbers", body=_table(found)),
        Section(key="plots", head="Runs", body=_plots(gathered, found, studies)),
        Section(key="left", head="Left out", body=f"<ul>{notes}</ul>" if notes else ""),
    ]
    text = shell(
        sections,
        title="foretell",
        over=f"{len(gathered.runs)} runs of {len(studies)} studies",
        heading="What foretells the quality of samples",
        header=f'<div class="lead"><p>{LEAD}</p>{said}</div>',
    )
    write_text(out / PAGE, text)
    return out / PAGE


def text_table(found: Found) -> str:
    """Lines to print, a number each."""
    rows = [["", "runs", "studies", *(HEADS[key] for key in HEADS)]]
    for name, one in found.items():
        cells = [_words(getattr(one, key)) for key in HEADS]
        rows.append([label(name), str(one.runs), str(one.studies), *cells])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def label(name: str) -> str:
    """A number in words."""
    plain = name.removeprefix("latents.")
    if plain != name and plain in ANALYSIS:
        return f"{ANALYSIS[plain].entry.label} ({plain})"
    return LABELS.get(name, name)


def _strength(one: Foretelling) -> float:
    return 0.0 if math.isnan(one.spearman.value) else abs(one.spearman.value)


def _words(one: Estimate) -> str:
    if math.isnan(one.value):
        return "–"
    ends = "" if one.interval is None else " [{:.2f}, {:.2f}]".format(*one.interval)
    return f"{one.value:.2f}{ends}".replace("-", "−")


def _plain(value: Any) -> Any:
    """JSON has no NaN."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value


def _table(found: Found) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in ("Runs", "Studies", *HEADS.values()))
    rows = []
    for name, one in found.items():
        cells = "".join(f"<td>{_cell(getattr(one, key))}</td>" for key in HEADS)
        counts = f"<td>{one.runs}</td><td>{one.studies}</td>"
        rows.append(f"<tr><th>{escape(label(name))}</th>{counts}{cells}</tr>")
    return (
        f'<div class="wide"><table><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(one: Estimate) -> str:
    value, *ends = _words(one).split(" ", 1)
    return value + (f'<br><small class="interval">{ends[0]}</small>' if ends else "")


def _plots(gathered: Gathered, found: Found, studies: Sequence[str]) -> str:
    figures = "".join(
        f'<figure class="plot"><figcaption>{escape(label(name))}</figcaption>'
        f"{scatter(gathered.runs, name)}</figure>"
        for name in found
    )
    legend = "".join(
        f'<span class="b{number % COLOURS}">{escape(study)}</span>'
        for number, study in enumerate(studies)
    )
    return f'<p class="legend">{legend}</p><div class="grid thirds">{figures}</div>'
