from pathlib import Path

import pytest

from pvvae.errors import ConfigError
from pvvae.metrics.results import Results, Value
from pvvae.report.tables.result_files import read_results


def test_what_is_written_is_read(tmp_path: Path) -> None:
    metrics = {"psnr": Value(value=1.0, interval=(0.5, 1.5), note="few"), "kvd": Value(value=None)}
    results = Results(metrics=metrics, protocol={"size": "9x8x8"}, counts={"clips": 2})
    results.write(tmp_path / "a.json")
    assert read_results(tmp_path / "a.json") == results.plain()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not json", "cannot be read as results"),
        ("[1]", "not of this version's form"),
        ('{"metrics": {}, "protocol": {}}', "not of this version's form"),
        ('{"metrics": {"a": 1.0}, "protocol": {}, "counts": {}}', "not of this version's form"),
        (
            '{"metrics": {"a": {"value": "1"}}, "protocol": {}, "counts": {}}',
            "not of this version's form",
        ),
        *(
            (
                f'{{"metrics": {{}}, "protocol": {{}}, "counts": {{}}, "curves": {{"psnr": {y}}}}}',
                "damaged: curves is",
            )
            for y in ('"high"', '["high"]', "1.0", "null")
        ),
    ],
)
def test_anything_else_is_refused_in_one_line(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=f"a.json: .*{said}") as caught:
        read_results(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file of results"):
        read_results(tmp_path / "a.json")
