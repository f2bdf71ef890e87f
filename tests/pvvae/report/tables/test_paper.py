import pytest

from pvvae.report.tables.paper import COLUMNS, ROWS, Kind, figures

KINDS: tuple[Kind, Kind] = ("reconstruction", "generation")


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_has_a_figure_for_every_column(kind: Kind) -> None:
    assert [row.name for row in ROWS[kind]] == [
        "CogX-VAE",
        "IV-VAE",
        "WF-VAE-L",
        "Hunyuan-VAE",
        "Wan2.1 VAE",
        "Wan2.2 VAE",
        "SSVAE",
        "PV-VAE",
    ]
    assert {len(row.figures) for row in ROWS[kind]} == {len(COLUMNS[kind])}


@pytest.mark.parametrize(
    ("kind", "row", "group", "metric", "figure"),
    [
        ("generation", 7, "UCF101", "fvd", 146.37),
        ("generation", 4, "UCF101", "kvd", 11.54),
        ("generation", 2, "UCF101", "is_c3d_ucf101", 67.49),
        ("generation", 1, "RealEstate10K", "kvd", 8.35),
        ("generation", 5, "speed", "tspeed", 4.96),
        ("generation", 0, "speed", "tmem", 85.93),
        ("generation", 7, "speed", "parameters", 661),
        ("reconstruction", 3, "17x256x256", "psnr", 34.30),
        ("reconstruction", 7, "17x256x256", "rfvd", 3.45),
        ("reconstruction", 1, "17x512x512", "psnr", 37.24),
        ("reconstruction", 6, "17x512x512", "lpips", 0.028),
        ("reconstruction", 3, "speed", "imem", 22.00),
    ],
)
def test_figures_are_the_papers(
    kind: Kind, row: int, group: str, metric: str, figure: float
) -> None:
    assert figures(kind, ROWS[kind][row])[group][metric] == figure


def test_gains_that_the_text_claims_follow_from_the_table() -> None:
    """Section 4.2: 63.93 below Hunyuan-VAE, 34.42 and 22.31 below Wan2.2 VAE and SSVAE."""
    fvd = {row.name: row.figures[0] for row in ROWS["generation"]}
    gains = [fvd[name] - fvd["PV-VAE"] for name in ("Hunyuan-VAE", "Wan2.2 VAE", "SSVAE")]
    assert gains == pytest.approx([63.93, 34.42, 22.31])
