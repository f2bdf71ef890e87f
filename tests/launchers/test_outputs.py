"""What a command writes replaces nothing that it was not told to replace."""

from pathlib import Path

import pytest

from launchers import cli
from launchers.outputs import NOTE, check_output, claim_folder
from pvvae.errors import ConfigError


def a_run(folder: Path) -> Path:
    """What every run folder has."""
    (folder / "checkpoints/step_00000001").mkdir(parents=True)
    for name in ("config.yaml", "provenance.json", "metrics.jsonl"):
        (folder / name).write_text("stage: predictive\n")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_new_file_and_an_empty_folder_may_be_written(tmp_path: Path) -> None:
    check_output(tmp_path / "new.mp4", overwrite=False)
    check_output(tmp_path, overwrite=False, whole=True)


def test_a_file_or_a_filled_folder_stays_unless_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    for out, whole in ((tmp_path / "mine.txt", False), (tmp_path, True)):
        with pytest.raises(ConfigError, match=r"is there already; name .* or give --overwrite$"):
            check_output(out, overwrite=False, whole=whole)
        check_output(out, overwrite=True, whole=whole)


@pytest.mark.parametrize("link", ["same", "symlink", "hardlink"])
def test_a_source_is_never_written_whatever_it_is_called(link: str, tmp_path: Path) -> None:
    source, out = tmp_path / "clip.mp4", tmp_path / "out.mp4"
    source.write_text("x")
    if link == "symlink":
        out.symlink_to(source)
    elif link == "hardlink":
        out.hardlink_to(source)
    else:
        out = tmp_path / "folder/../clip.mp4"
        (tmp_path / "folder").mkdir()
    with pytest.raises(
        ConfigError, match=r"is read by this command and would be overwritten; name another place$"
    ):
        check_output(out, sources=[None, source], overwrite=True)


@pytest.mark.parametrize(
    "name", ["config.yaml", "checkpoints/step_00000001/vae.safetensors", "finished.json", ""]
)
def test_what_is_a_run_s_own_is_never_written_even_before_it_is_there(
    name: str, tmp_path: Path
) -> None:
    run = a_run(tmp_path / "run")
    with pytest.raises(ConfigError, match=f"belongs to the run {run}; name a place outside of it"):
        check_output(run / name, overwrite=True)
    check_output(run / "mine.safetensors", overwrite=False)


def test_pages_are_made_again_by_what_made_them_alone(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    claim_folder(tmp_path, "pvvae report of /a", names=["*.html"], overwrite=False)
    page.write_text("a")
    claim_folder(tmp_path, "pvvae report of /a", names=["*.html"], overwrite=False)
    with pytest.raises(
        ConfigError, match=r"index.html: is there already, made by hand or by `pvvae rep"
    ):
        claim_folder(tmp_path, "pvvae report of /b", names=["*.html"], overwrite=False)
    assert (tmp_path / NOTE).read_text() == "pvvae report of /a\n"
    claim_folder(tmp_path, "pvvae report of /b", names=["*.html"], overwrite=True)
    assert (tmp_path / NOTE).read_text() == "pvvae report of /b\n"


def test_no_command_replaces_a_source_a_run_s_own_or_somebody_s_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command that writes where it is told: refused before anything is loaded."""
    monkeypatch.chdir(tmp_path)
    a_run(Path("RUN"))
    for name in ("X", "any.txt", "a.json"):
        Path(name).write_text("mine")
    for folder in ("page", "plots", "full", "real"):
        Path(folder).mkdir()
        Path(folder, "index.html").write_text("mine")
        Path(folder, "a.svg").write_text("mine")
    before = contents(tmp_path)
    refused = {
        "reconstruct X X --run RUN --overwrite": "X: is read by this command",
        "reconstruct X any.txt --run RUN": "any.txt: is there already",
        "reconstruct X RUN/config.yaml --run RUN --overwrite": "belongs to the run",
        "predict X X --run RUN --overwrite": "X: is read by this command",
        "predict X any.txt --run RUN": "any.txt: is there already",
        "export RUN any.txt": "any.txt: is there already",
        "export RUN RUN/config.yaml --overwrite": "belongs to the run",
        "export RUN RUN --format pretrained --overwrite": "RUN: is read by this command",
        "export RUN full --format pretrained": "full: is there already",
        "export RUN full --format diffusers": "full: is there already",
        "export RUN full --format onnx": "full: is there already",
        "report RUN --out page": "page/index.html: is there already",
        "report RUN --out new --plots plots": "plots/a.svg: is there already",
        "report RUN --out RUN/samples --overwrite": "belongs to the run",
        "compare a.json -o a.json --overwrite": "a.json: is read by this command",
        "compare a.json -o any.txt": "any.txt: is there already",
        "metrics real full --metrics psnr --json any.txt": "any.txt: is there already",
        "metrics real full --metrics psnr --json RUN/results.json": "belongs to the run",
        "bench vae --json any.txt": "any.txt: is there already",
        "data pack full full": "full: is read by this command",
        "data pack full any.txt": "any.txt: is a file; name a folder",
        "data pack full RUN/samples": "belongs to the run",
        "data sample-videos any.txt": "any.txt: is a file; name a folder",
        "data sample-videos RUN/train": "belongs to the run",
        "data scenes --clips 1 --out any.txt": "any.txt: is a file; name a folder",
        "data scenes --clips 1 --out RUN": "belongs to the run",
        "data subset full --fraction 1/2 --out any.txt": "any.txt: is a file; name a folder",
        "data subset full --fraction 1/2 --out RUN": "belongs to the run",
        "data subset full --fraction 1/2 --out full": "full: is read by this command",
    }
    for line, told in refused.items():
        assert cli.main(line.split()) == 2, line
        said = capsys.readouterr().err
        assert told in said and said.count("\n") == 1, (line, said)
        assert contents(tmp_path) == before, line
