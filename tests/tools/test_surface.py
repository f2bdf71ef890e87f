"""The public surface is frozen: what users type changes only together with docs/surface.md."""

from tools.surface import FILE, surface


def test_the_written_surface_is_that_of_the_code() -> None:
    told = "run `python -m tools.surface --write`, look at the change, and say it in the CHANGELOG"
    assert FILE.read_text().splitlines() == surface().splitlines(), told


def test_every_option_and_key_is_there() -> None:
    text = surface()
    assert "  - `--processes` int" in text
    assert "- `objective.max_drop_ratio` float, default 1.0" in text
    assert "## Backbone `cnn`" in text
