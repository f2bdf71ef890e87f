"""Sources and their rivals as rows."""

import torch

from pvvae.metrics.results import Results, Value
from pvvae.probes.trained import ProbedSource
from pvvae.report.formats.grid import upright
from pvvae.report.formats.markdown import markdown_table
from pvvae.report.probes.table import probe_table


def probed(label: str, **metrics: float) -> ProbedSource:
    """A source with numbers by name."""
    results = Results(
        metrics={name: Value(value=value) for name, value in metrics.items()},
        protocol={},
        counts={"clips": 3, "fitted_on": 7, "heads": 2},
        seeds={"intervals": 0},
        facts={"by_seed": [[1.25, 2.0], [1.5, None]]},
        times={},
    )
    own = [value for name, value in metrics.items() if name.startswith("probe_")]
    errors = torch.tensor([own] * 3, dtype=torch.float64)
    return ProbedSource(label=label, about="latents", results=results, errors=errors, answers=())


def test_rivals_stand_below_and_are_never_the_best() -> None:
    found = [
        probed("a", probe_epe=2.0, probe_epe_moving=3.0, zero_epe=0.5, dis_epe=1.0),
        probed("b", probe_epe=1.0, probe_epe_moving=4.0, zero_epe=0.5, dis_epe=1.0),
    ]
    table = probe_table(found, title="Flow")
    names = ["a (latents)", "b (latents)", "no motion", "OpenCV's DIS"]
    assert [row.subject.name for row in table.rows] == names
    assert [row.cells[0].rank for row in table.rows] == ["second", "best", None, None]
    text = markdown_table(upright(table))
    assert "3 clips; heads fitted on 7 others; means of 2 heads" in text
    assert "2.000" in text and "EPE, moving" in text
    assert "EPE of each head: a 1.250, 1.500; b 1.250, 1.500." in text
    assert "EPE on the same clips, a - b: 1.000" in text


def test_each_vae_has_its_own_floor_and_pixels_have_none() -> None:
    found = [
        probed("a", probe_mse=0.02, rebuilt_mse=0.01, repeated_mse=0.03),
        probed("pixels", probe_mse=0.04, repeated_mse=0.03),
    ]
    names = [row.subject.name for row in probe_table(found, title="Next").rows]
    assert names[2:] == ["last frame repeated", "its VAE's own reconstruction: a"]
