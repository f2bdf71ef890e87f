"""What the numbers about latents are called, which way is better, and what each says.

Keys are names in ``metrics`` of analysis.json. "Better" is what foretold gFID over image tokenizers
("Diffusing in the Right Space", arXiv 2606.03578) or what the paper says of its own latents
(section 4.3); for video latents it is a guess that this analysis is there to test.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pvvae.metrics.score_catalog import ScoreEntry


@dataclass(frozen=True, kw_only=True)
class ExplainedScore:
    """A score and a sentence about it."""

    entry: ScoreEntry
    says: str


def _one(label: str, says: str, *, better: str | None = None, form: str = ".3f") -> ExplainedScore:
    assert better in ("higher", "lower", None)
    return ExplainedScore(entry=ScoreEntry(label=label, better=better, form=form), says=says)  # type: ignore[arg-type]


MOTION: Mapping[str, ExplainedScore] = {
    "ltd": _one(
        "Latent temporal distance", "between adjacent groups; mean over clips", better="lower"
    ),
    "ltd_median": _one("…, median", "over clips: Figure 5c", better="lower"),
    "activation_pearson": _one(
        "Strength and motion", "correlation over a clip’s cells (Pearson)", better="higher"
    ),
    "activation_spearman": _one("…, by rank", "the same of ranks (Spearman)", better="higher"),
    "change_pearson": _one(
        "Change and motion", "correlation of a cell’s change since the group before with motion"
    ),
    "change_spearman": _one("…, by rank", "the same of ranks (Spearman)"),
    "time_straightness": _one(
        "Straightness in time", "cosine between one step of the clip’s latents and the next"
    ),
    "time_efficiency": _one(
        "Efficiency in time", "way from first to last group over the way taken"
    ),
}
DIRECTIONS: Mapping[str, ExplainedScore] = {
    "channels_active": _one("Channels in use", "mean KL above 0.01 nats", form=".0f"),
    "channels_dead": _one("Dead channels", "the others", better="lower", form=".0f"),
    "rank_channels": _one("Effective rank, channels", "how many directions vary alike", form=".2f"),
    "rank_space": _one("Effective rank, space", "likewise of the cells of a frame", form=".2f"),
    "rank_time": _one("Effective rank, time", "likewise of a clip’s groups", form=".2f"),
    "viv": _one("VIV", "what the best denoiser cannot know of the velocity", better="lower"),
    "viv_by_size": _one("VIV by size", "times the root of a latent’s size", form=".1f"),
    "viv_within_classes": _one("VIV within classes", "mean over classes", better="lower"),
    "variance_within_classes": _one("Variance within classes", "its share of the whole"),
}
OF_ONE_SIZE = ("viv", "viv_by_size", "viv_within_classes", "rank_space", "rank_time")
"""Numbers that compare latents of one size only."""
PLACES: Mapping[str, ExplainedScore] = {
    "sec_25": _one("SEC, ρ = 0.25", "energy above a quarter of the frequencies", better="lower"),
    "sec_50": _one("SEC, ρ = 0.5", "energy above half of the frequencies", better="lower"),
    "pixel_sec_25": _one("… of the pixels, ρ = 0.25", "the clips on the latents’ grid"),
    "pixel_sec_50": _one("… of the pixels, ρ = 0.5", "likewise"),
    "spectrum_mismatch": _one(
        "Spectrum against pixels", "KL divergence of the two spectra", better="lower", form=".4f"
    ),
    "lds": _one("LDS", "near cells are more alike than far ones", better="higher"),
    "cds": _one("CDS", "how fast likeness falls, for 100 pixels", better="higher"),
}
ANALYSIS: Mapping[str, ExplainedScore] = {**MOTION, **DIRECTIONS, **PLACES}
GROUPS: Mapping[str, Mapping[str, ExplainedScore]] = {
    "Motion": MOTION,
    "Directions": DIRECTIONS,
    "Space": PLACES,
}
"""Heads of a table, with the scores below each."""
