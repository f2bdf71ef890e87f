"""Errors over the horizon, drawn."""

from pvvae.analysis.prediction import MAKERS
from pvvae.report.prediction.plot import horizon_plot


def _facts(start: float) -> dict:
    curve = [start, start * 2, None, start * 3]
    return {"observed": 5, "curves": {"moving": dict.fromkeys(MAKERS, curve)}}


def test_each_vae_has_two_lines_and_the_rivals_one_each() -> None:
    svg = horizon_plot({"a": _facts(1.0), "b": _facts(2.0)}, "moving", name="horizon")
    assert 'aria-label="horizon"' in svg
    for colour in (0, 1):
        assert svg.count(f"stroke: var(--b{colour})") >= 2


def test_a_kind_of_pixels_that_no_frame_has_leaves_an_empty_plot() -> None:
    nothing = {"observed": 5, "curves": {"moving": {name: [None] for name in MAKERS}}}
    assert "<svg" in horizon_plot({"a": nothing}, "moving", name="empty")
