"""Tests mirror the source: tests/pvvae/x/test_y.py is about pvvae/x/y.py, or says here why not."""

from tests.processes import ROOT

TESTS = ROOT / "tests"
MIRRORED = ("arch", "launchers", "pvvae", "tools")
"""tests/stages is left out: its tests run whole stages, one question a file."""
ACROSS = {
    "arch/test_compiled.py": "every network as one graph",
    "arch/test_contract.py": "every backbone against the contract",
    "arch/test_layout.py": "sizes and FLOPs of the shipped networks",
    "arch/test_vit_packed.py": "clips of several sizes in one pass",
    "launchers/studies/test_kills.py": "a study killed at any moment",
    "launchers/studies/test_shipped.py": "the shipped studies' files",
    "launchers/studies/test_slurm_studies.py": "studies on a real Slurm",
    "launchers/test_bad_input.py": "a mistake of the user's, command by command",
    "launchers/test_launch.py": "stages through the deepspeed launcher",
    "launchers/test_slurm_jobs.py": "jobs on a real Slurm",
    "launchers/tables/test_whole.py": "Table 1 from clips to its row",
    "pvvae/diffusers/test_outputs.py": "what encoding and decoding give, in diffusers' classes",
    "pvvae/diffusers/test_pipelines.py": "pipelines of diffusers with ours inside",
    "pvvae/diffusers/test_recomputing.py": "gradient checkpointing of segments",
    "pvvae/diffusers/test_wan_tiles.py": "tiles in the words of Wan's VAE",
    "pvvae/metrics/test_agreement.py": "our metrics against independent references",
    "pvvae/metrics/test_sharing.py": "metrics from any number of processes",
    "pvvae/planning/test_streams.py": "planned memory of streams",
    "pvvae/pretrained/test_weights_file.py": "stages that start from a file of weights",
    "pvvae/study/answers/test_sentences.py": "the wording of every answer",
}
"""Tests of several sources together, and what they ask."""


def test_every_test_file_has_its_source() -> None:
    lonely = []
    for package in MIRRORED:
        for path in sorted((TESTS / package).rglob("test_*.py")):
            name = path.relative_to(TESTS)
            source = ROOT / name.parent / path.stem.removeprefix("test_")
            if not (source.with_suffix(".py").is_file() or source.is_dir()):
                lonely.append(name.as_posix())
    assert sorted(set(lonely) - set(ACROSS)) == []
    assert [name for name in ACROSS if not (TESTS / name).is_file()] == []
