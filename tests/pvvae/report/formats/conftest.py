"""A table small enough to be written out in every format."""

import pytest

from pvvae.report.formats.grid import Grid, upright
from pvvae.report.tables.scores import Found, Score, metric
from pvvae.report.tables.table import ScoredSubject, make_table

SIZE = "17x256x256"


def found(psnr: float, rfvd: float, note: str = "") -> Found:
    values = {
        "psnr": {"value": psnr, "interval": [psnr - 0.5, psnr + 0.5]},
        "rfvd": {"value": rfvd} | ({"note": note} if note else {}),
    }
    return {SIZE: {"metrics": values}}


@pytest.fixture
def grid() -> Grid:
    """Two subjects, one of them without a value, and a reference row that beats them."""
    scores = [
        Score(
            title="rFVD",
            source=SIZE,
            group=SIZE,
            read=metric(SIZE, "rfvd"),
            better="lower",
            form=".2f",
        ),
        Score(
            title="PSNR",
            source=SIZE,
            group=SIZE,
            read=metric(SIZE, "psnr"),
            better="higher",
            form=".1f",
            unit="dB",
        ),
    ]
    subjects = [
        ScoredSubject(name="a_b", found=found(30.0, 4.0, "16 clips & few")),
        ScoredSubject(name="c", found=found(31.0, 3.5)),
        ScoredSubject(name="paper", found=found(40.0, 1.0), reference=True),
        ScoredSubject(name="<d>", found={}),
    ]
    return upright(make_table(scores, subjects, title="50% of it", references="Table 2"))
