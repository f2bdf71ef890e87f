"""Studies and outcomes that nobody ran."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pvvae.study.outcomes import Answer, Claim, Measure, Outcome, StudyQuestion

GFVD = Measure(name="gfvd", label="gFVD")
PSNR = Measure(name="psnr", label="PSNR", unit="dB", higher_is_better=True)
BASELINE, PREDICTIVE = {"method": "Baseline"}, {"method": "+ predictive"}
CLAIM = Claim(subject="predictive reconstruction", measure="gfvd", arm=PREDICTIVE, against=BASELINE)
QUESTION = StudyQuestion(
    title="Two arms",
    folder="runs/studies/two",
    factors={"method": ("Baseline", "+ predictive")},
    baseline=BASELINE,
    arms=(BASELINE, PREDICTIVE),
    measures=(GFVD, PSNR),
    seeds=(0, 1, 2),
    claims=(CLAIM, replace(CLAIM, measure="psnr")),
    answer=Answer(kind="table"),
    command="pvvae study two.yaml",
)


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
