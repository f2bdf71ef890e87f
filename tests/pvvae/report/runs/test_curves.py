import json
import re
from pathlib import Path
from xml.etree import ElementTree

from pvvae.files import write_json
from pvvae.report.runs.curves import (
    Series,
    cost_plots,
    draw,
    evaluation_plots,
    stage_plots,
    write_plots,
)
from pvvae.report.runs.run_records import find_groups
from pvvae.run.run import Run, RunConfig

SVG = "{http://www.w3.org/2000/svg}"


def test_every_curve_of_training_is_a_document_with_its_title_and_names(
    runs: Path, tmp_path: Path
) -> None:
    paths = write_plots(runs, tmp_path)
    assert "latte-flow.svg" in {path.name for path in paths}
    assert len(set(paths)) == len(paths)
    for path in paths:
        page = ElementTree.fromstring(path.read_text())
        assert (page.tag, page.get("width")) == (f"{SVG}svg", "480")
        assert [span.text for span in page.iter(f"{SVG}tspan")] == ["cnn", "vit"]
        assert "var(" not in path.read_text()


def test_colours_are_those_that_the_page_has_on_white(runs: Path, tmp_path: Path) -> None:
    write_plots(runs, tmp_path)
    first, second = ElementTree.fromstring((tmp_path / "latte-flow.svg").read_text()).iter(
        f"{SVG}tspan"
    )
    assert (first.get("fill"), second.get("fill")) == ("#2f6bd8", "#c2337b")


def test_every_logged_loss_of_a_stage_has_a_plot(runs: Path) -> None:
    titles = [title for title, _ in stage_plots(find_groups(runs), "image_pretrain")]
    assert titles == ["Squared error", "LPIPS", "PSNR, held out (dB)", "KL"]


def test_a_stage_that_nobody_ran_has_no_plots(runs: Path) -> None:
    assert stage_plots(find_groups(runs), "other") == []


def test_the_evaluation_has_its_curves(runs: Path) -> None:
    titles = [title for title, _ in evaluation_plots(find_groups(runs))]
    assert titles == [
        "PSNR of each frame (dB)",
        "SSIM of each frame",
        "LPIPS of each frame",
        "PSNR, future predicted (dB)",
        "Latent distance, interval 1 = 1 (Fig. 5d)",
    ]


def test_curves_over_frames_show_where_groups_begin_and_what_was_predicted(runs: Path) -> None:
    plots = dict(evaluation_plots(find_groups(runs)))
    seams = {title: svg.count("stroke-opacity: 0.6") for title, svg in plots.items()}
    tinted = [title for title, svg in plots.items() if "var(--predicted)" in svg]
    assert set(seams.values()) == {4, 0}  # before frames 2, 6, 10 and 14 of 17
    assert [title for title, count in seams.items() if count == 0] == [
        "Latent distance, interval 1 = 1 (Fig. 5d)"
    ]
    assert tinted == ["PSNR, future predicted (dB)"]


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


def test_a_floor_is_dashed_in_the_plot_of_the_values_above_it(tmp_path: Path) -> None:
    for seed in range(2):
        run = Run(RunConfig(run=str(tmp_path / f"seed{seed}" / "latte")), stage="latte")
        for step, fvd in ((0, 6000.0), (100, 2000.0), (200, 900.0 + seed)):
            run.log(step, "held_out", {"fvd": fvd, "fvd_floor": 800.0}, times={})
    [(title, svg)] = stage_plots(find_groups(tmp_path), "latte")
    assert title == "FVD of samples; dashed: of reconstructions"
    dashed = re.findall(r'd="([^"]*)"[^>]*stroke-dasharray: [^>]*var\(--(b\d)\)', svg)
    heights = [{float(y) for y in re.findall(r"[ML] \S+ (\S+)", path)} for path, _ in dashed]
    assert [colour for _, colour in dashed] == ["b0", "b1"]
    assert heights[0] == heights[1]
    assert len(heights[0]) == 1


def test_fvd_is_plotted_over_the_hours_of_all_processes_too(tmp_path: Path) -> None:
    run = Run(RunConfig(run=str(tmp_path / "a" / "latte")), stage="latte")
    provenance = json.loads((run.folder / "provenance.json").read_text())
    write_json(run.folder / "provenance.json", provenance | {"processes": 2})
    run.log(0, "held_out", {"fvd": 9.0, "fvd_floor": 1.0}, times={"seconds": 50.0})
    for step, pace in ((10, 360.0), (20, 180.0)):
        run.log(step, "train", {"flow": 1.0}, times={"seconds_per_step": pace})
    run.log(20, "held_out", {"fvd": 4.0, "fvd_floor": 1.0}, times={"seconds": 50.0})
    [group] = find_groups(tmp_path)
    record = group.of("latte")
    assert record is not None
    assert record.device_hours == {0: 0.0, 10: 2.0, 20: 3.0}  # hours of two processes
    [(title, svg)] = cost_plots([group], "latte")
    assert title.startswith("FVD")
    assert "GPU-hours" in svg
    assert 'aria-label="latte-fvd-hours"' in svg


def test_a_run_without_times_has_no_plot_over_hours(tmp_path: Path) -> None:
    run = Run(RunConfig(run=str(tmp_path / "a" / "latte")), stage="latte")
    run.log(5, "held_out", {"fvd": 9.0}, times={})
    assert cost_plots(find_groups(tmp_path), "latte") == []
