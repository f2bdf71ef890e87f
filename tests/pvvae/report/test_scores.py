import math

from pvvae.report.scores import RECONSTRUCTION, SCORES, Score, against_repeating, metric


def psnr(value: float) -> dict[str, dict[str, object]]:
    return {RECONSTRUCTION: {"metrics": {"psnr": {"value": value}}}}


def test_every_score_of_nothing_is_absent() -> None:
    assert {score.text({}) for score in SCORES} == {"–"}
    assert {score.text({RECONSTRUCTION: {}}) for score in SCORES} == {"–"}


def test_a_value_that_is_not_finite_is_absent() -> None:
    assert SCORES[0].text(psnr(math.nan)) == "–"


def test_the_best_is_the_best_of_what_is_printed() -> None:
    score = Score(title="a", read=metric(RECONSTRUCTION, "psnr"), better="higher", form=".1f")
    assert score.best([psnr(1.0), psnr(2.0), psnr(2.0), {}]) == {1, 2}
    assert score.best([psnr(1.001), psnr(1.002)]) == set()
    assert score.best([psnr(1.0), {}]) == set()


def test_prediction_is_measured_against_repeating() -> None:
    metrics = {"predicted_mse": {"value": 0.9}, "repeated_mse": {"value": 1.2}}
    ratio = against_repeating({RECONSTRUCTION: {"metrics": metrics}})
    assert ratio is not None
    assert math.isclose(ratio, -0.25)
