"""Studies and outcomes that nobody ran."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from pvvae.study.outcomes import Outcome
from pvvae.study.spec.entries import (
    Answer,
    ClaimEntry,
    MeasureEntry,
    Sets,
    StageEntry,
    ValueReference,
)
from pvvae.study.spec.study import Study
from tests.pvvae.study.simulated import law


def labels(**factors: Sequence[str]) -> dict[str, dict[str, dict[str, Sets]]]:
    """Factors whose values set nothing."""
    return {factor: {value: {} for value in values} for factor, values in factors.items()}


BASELINE, PREDICTIVE = {"method": "Baseline"}, {"method": "+ predictive"}
CLAIM = ClaimEntry(subject="predictive reconstruction", measure="gfvd", arm=PREDICTIVE)
GFVD_ENTRY = MeasureEntry(stage="latte", value="gfvd", label="gFVD")
QUESTION = Study(
    title="Two arms",
    folder="runs/studies/two",
    stages={"latte": StageEntry(config="latte.yaml")},
    factors=labels(method=("Baseline", "+ predictive")),
    measures={
        "gfvd": GFVD_ENTRY,
        "psnr": MeasureEntry(stage="latte", value="psnr", label="PSNR", unit="dB", better="higher"),
    },
    costs={
        name: ValueReference(stage="latte", value=name)
        for name in ("parameters", "prediction_error")
    },
    claims=(CLAIM, replace(CLAIM, measure="psnr")),
)
GFVD, PSNR = QUESTION.columns


def outcomes(
    arm: Mapping[str, str], gfvd: Sequence[float], psnr: Sequence[float] = ()
) -> list[Outcome]:
    """One a seed, from seed 0."""
    rows = [{"gfvd": value} for value in gfvd]
    for row, value in zip(rows, psnr, strict=False):
        row["psnr"] = value
    return [
        Outcome(
            arm=arm,
            seed=seed,
            values=values,
            data={"unique_samples": 512.0, "epochs": 10.0, "steps": 640.0},
            costs={"parameters": 2e6, "seconds": 300.0 + seed},
            runs={"latte": f"runs/studies/two/runs/latte/{arm['method']}-{seed}"},
            machine="2 CPU cores",
        )
        for seed, values in enumerate(rows)
    ]


def whole_study() -> list[Outcome]:
    """Both arms, three seeds, one of which failed."""
    before = outcomes(BASELINE, [200.0, 210.0, 190.0], [30.0, 30.2, 29.8])
    after = outcomes(PREDICTIVE, [176.0, 184.8, 166.0], [28.9, 29.3, 28.8])
    return [*before, *after[:2], replace(after[2], values={}, failed="latte: out of memory")]


def scaling_question() -> Study:
    """Six sizes, two objectives."""
    sizes = tuple(str(2**i) for i in range(6, 12))
    objectives = ("without prediction", "with prediction")
    return replace(
        QUESTION,
        title="Scaling",
        factors=labels(objective=objectives, clips=sizes),
        measures={"gfvd": GFVD_ENTRY},
        claims=(),
        answer=Answer(kind="scaling", x="unique_samples", y="gfvd", by="objective"),
    )


def scaling_outcomes(noise: float = 0.02) -> list[Outcome]:
    """One objective follows a law, the other stays where it is."""
    question = scaling_question()
    random = np.random.default_rng(0)
    found = []
    for arm in question.arms:
        size = float(arm["clips"])
        loss = 100 * law(size) if arm["objective"] == "with prediction" else 160.0
        for seed in question.seeds:
            value = loss * (1 + noise * random.standard_normal())
            data = {"unique_samples": size, "epochs": 640 * 16 / size, "steps": 640.0}
            found.append(Outcome(arm=arm, seed=seed, values={"gfvd": value}, data=data))
    return found


def cost_question() -> Study:
    """Two backbones in two sizes, looked at on the way."""
    return replace(
        QUESTION,
        title="Backbones",
        factors=labels(backbone=("cnn", "vit"), width=("small", "large")),
        measures={"gfvd": GFVD_ENTRY},
        claims=(),
        answer=Answer(kind="pareto", x="parameters", y="gfvd", by="backbone"),
    )


def cost_outcomes() -> list[Outcome]:
    """A vit that costs half, and falls faster."""
    found = []
    for i, arm in enumerate(cost_question().arms):
        for seed in range(3):
            last = 150.0 + 8 * i + seed
            curve = tuple((100.0 * n, last * (1 + 1 / (n + i))) for n in range(1, 8))
            costs = {
                "parameters": (2.0 + 1.5 * (i % 2)) * 1e6,
                "flops": 4e15 / (1 + i // 2),
                "seconds": 300.0 / (1 + i // 2) + seed,
                "memory": 2.0**30 * (1 + i / 4),
            }
            found.append(
                Outcome(
                    arm=arm,
                    seed=seed,
                    values={"gfvd": curve[-1][1]},
                    costs=costs,
                    curves={"gfvd": curve},
                    machine="2 CPU cores",
                )
            )
    return found


def uncommon_outcomes() -> list[Outcome]:
    """Small backbones without a number of parameters that both reach."""
    cnn, vit = {"parameters": 1e6}, {"parameters": 4e6}
    return [
        replace(o, costs=cnn if o.arm["backbone"] == "cnn" else vit, curves={})
        for o in cost_outcomes()
        if o.arm["width"] == "small"
    ]


def curve_question() -> Study:
    """The backbones by their curves."""
    return replace(cost_question(), answer=Answer(kind="curves", y="gfvd"))


def sooner_outcomes() -> list[Outcome]:
    """A large cnn that is at step 187 as good as the small one in the end, at 700."""
    found = cost_outcomes()
    small = [replace(o, curves={"gfvd": ((100.0, 300.0), (700.0, 150.0))}) for o in found[:3]]
    large = [
        replace(o, curves={"gfvd": ((100.0, 200.0), (350.0, 100.0 + o.seed))}) for o in found[3:6]
    ]
    return [*small, *large]


def broken_outcomes() -> list[Outcome]:
    """Two seeds of the cnns, one look of which is no number."""
    arms = cost_question().arms
    curve, broken = ((100.0, 300.0), (700.0, 150.0)), ((100.0, 300.0), (700.0, float("nan")))
    return [
        replace(o, values={"gfvd": looks[-1][1]}, curves={"gfvd": looks})
        for o in cost_outcomes()
        if o.seed < 2 and o.arm in arms[:2]
        for looks in [broken if o.seed and o.arm == arms[0] else curve]
    ]
