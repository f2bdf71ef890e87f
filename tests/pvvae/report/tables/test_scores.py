import math

import pytest

from pvvae.report.tables.scores import GENERATION, RECONSTRUCTION, Score, beside_fvd, metric


def found(value: float, interval: list[float] | None = None) -> dict[str, dict[str, object]]:
    plain = {"value": value} | ({"interval": interval} if interval else {})
    return {RECONSTRUCTION: {"metrics": {"psnr": plain}}}


def psnr(*, form: str = ".2f", scale: float = 1.0) -> Score:
    read = metric(RECONSTRUCTION, "psnr")
    return Score(
        title="PSNR", source=RECONSTRUCTION, read=read, better="higher", form=form, scale=scale
    )


@pytest.mark.parametrize("results", [{}, {RECONSTRUCTION: {}}, found(math.nan)])
def test_what_is_missing_or_not_finite_has_no_text(results: dict[str, dict[str, object]]) -> None:
    assert psnr().text(results) == ""
    assert psnr().interval(results) == ""


def test_an_interval_around_its_value_is_a_deviation() -> None:
    assert psnr().interval(found(32.1, [31.98, 32.22])) == "± 0.12"
    assert psnr(form="+.1f", scale=100.0).interval(found(-0.25, [-0.26, -0.24])) == "± 1.0"


def test_an_interval_to_one_side_has_both_ends() -> None:
    assert psnr().interval(found(3.4, [3.1, 4.2])) == "[3.10, 4.20]"
    assert psnr().interval(found(3.4, [3.5, 4.2])) == "[3.50, 4.20]"


def test_reference_values_have_the_papers_digits() -> None:
    score = Score(
        title="SSIM",
        source=RECONSTRUCTION,
        read=metric(RECONSTRUCTION, "psnr"),
        better="higher",
        form=".4f",
        printed=".2f",
    )
    assert score.text(found(0.97)) == "0.9700"
    assert score.text(found(0.97), reference=True) == "0.97"


def test_clips_and_floor_stand_beside_fvd() -> None:
    results = {
        GENERATION: {
            "counts": {"samples": 2048, "real": 2048},
            "floor": {"fvd": 12.25, "clips": 1024},
        }
    }
    assert beside_fvd(GENERATION)(results) == (
        "2,048 vs 2,048 clips; real vs real 12.25 (1,024 vs 1,024)"
    )
    assert beside_fvd(GENERATION)({}) == ""
