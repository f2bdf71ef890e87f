import re
from pathlib import Path

from pvvae.report.curves import Series, draw, evaluation_plots, stage_plots
from pvvae.report.findings import find_groups


def test_every_logged_loss_of_a_stage_has_a_plot(runs: Path) -> None:
    titles = [title for title, _ in stage_plots(find_groups(runs), "image_pretrain")]
    assert titles == ["Squared error", "LPIPS", "PSNR, held out (dB)", "KL"]


def test_a_stage_that_nobody_ran_has_no_plots(runs: Path) -> None:
    assert stage_plots(find_groups(runs), "other") == []


def test_the_evaluation_has_its_curves(runs: Path) -> None:
    assert len(evaluation_plots(find_groups(runs))) == 4


def test_a_plot_takes_its_colours_from_the_page() -> None:
    series = [Series(colour=i, x=[1, 2], y=[1.0, 3.0], drawn="both") for i in range(2)]
    svg = draw(series, name="a", xlabel="step")
    assert svg.startswith("<svg")
    assert "var(--b0)" in svg
    assert "var(--b1)" in svg
    assert not re.findall(r"#0102\w\w", svg)


def test_plots_of_the_same_values_are_the_same_text() -> None:
    series = [Series(colour=0, x=[1, 2], y=[0.01, 3.0], drawn="line")]
    assert draw(series, name="a", xlabel="step", log=True) == draw(
        series, name="a", xlabel="step", log=True
    )
