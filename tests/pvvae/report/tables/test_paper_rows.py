from typing import Any

from pvvae.report.tables.paper import ROWS
from pvvae.report.tables.paper_rows import INFERRED, Context, tables
from pvvae.report.tables.scores import Found
from pvvae.report.tables.table import ScoredSubject, Table

RECONSTRUCTION = Context(kind="reconstruction")


def results(clips: int = 2048) -> dict[str, Any]:
    return {"metrics": {"psnr": {"value": 33.0}}, "protocol": {}, "counts": {"clips": clips}}


def speed(device: str) -> dict[str, Any]:
    protocol = {"size": "17x256x256", "ispeed": {"device": device, "batch": 4}}
    times = {"ispeed": 1.5, "imem": 2**31}
    return {"metrics": {}, "protocol": protocol, "counts": {}, "times": times}


def made(found: Found, context: Context = RECONSTRUCTION) -> list[Table]:
    return tables(context, [ScoredSubject(name="ours", found=found)])


def row(table: Table, name: str) -> dict[str, str]:
    cells = next(row.cells for row in table.rows if row.subject.name == name)
    return {s.key: cell.text for s, cell in zip(table.scores, cells, strict=True) if cell.text}


def test_at_the_papers_protocol_its_rows_share_the_columns() -> None:
    (table,) = made({"17x256x256": results(), "speed": speed("NVIDIA H20")})
    assert row(table, "ours") == {
        "17x256x256 PSNR dB": "33.00",
        "ISpeed it/s": "1.50",
        "IMem GiB": "2.00",
    }
    assert row(table, "PV-VAE") == {
        "17x256x256 rFVD": "3.45",
        "17x256x256 PSNR dB": "32.26",
        "17x256x256 SSIM": "0.95",
        "17x256x256 LPIPS": "0.020",
        "ISpeed it/s": "0.69",
        "IMem GiB": "7.97",
        "Parameters million": "661",
    }
    assert table.references == (
        "Table 2 of the paper (Kinetics-400, 2,048 clips; speed on one H20, batch 4)"
    )


def test_that_tspeed_has_the_encoder_in_it_is_said_to_be_inferred_and_from_what() -> None:
    (generation,) = made({}, Context(kind="generation"))
    assert INFERRED in generation.remarks
    speeds = {row.name: row.figures[5] for row in ROWS["generation"] if row.latent == "t4s8c16"}
    slow, fast = min(speeds.values()), max(speeds.values())
    assert f"{fast / slow:.1f} times ({fast} against {slow} it/s)" in INFERRED
    (reconstruction,) = made({})
    assert INFERRED not in reconstruction.remarks


def test_what_keeps_rows_from_being_compared_is_said() -> None:
    (table,) = made({"17x256x256": results(11), "speed": speed("NVIDIA H100")})
    assert table.references.endswith(
        "; not comparable: above are 11 clips, speed on NVIDIA H100, batch 4, 17x256x256"
    )


def test_at_another_size_the_papers_rows_are_a_table_of_their_own() -> None:
    ours, paper = made({"17x64x64": results(11)})
    assert [score.name for score in ours.scores] == ["17x64x64 PSNR"]
    assert not any(r.subject.reference for r in ours.rows)
    assert all(r.subject.reference for r in paper.rows)
    assert row(paper, "Wan2.2 VAE")["17x512x512 LPIPS"] == "0.015"
    assert paper.references.endswith("above are 17x64x64, 11 clips")


def test_other_clips_under_a_data_sets_name_do_not_share_its_columns() -> None:
    context = Context(kind="generation", stand_ins=("UCF101",))
    fvd = {"metrics": {"fvd": {"value": 9.0}}, "counts": {"samples": 12, "real": 12}}
    ours, paper = made({"UCF101": fvd}, context)
    assert row(ours, "ours") == {"UCF101 FVD": "9.00"}
    assert "above are other clips in place of UCF101, 12 clips" in paper.references


def test_scores_over_other_classes_have_columns_of_their_own() -> None:
    metrics = {"is_i3d_k400": {"value": 20.0}, "is_i3d_k400_one_split": {"value": 30.0}}
    (table,) = made({"UCF101": {"metrics": metrics}}, Context(kind="generation"))
    assert row(table, "ours") == {
        "UCF101 IS over I3D": "20.00",
        "UCF101 IS over I3D one split": "30.00",
    }
    assert row(table, "SSVAE")["UCF101 IS"] == "66.39"
    assert "UCF101 IS over I3D" not in row(table, "SSVAE")


def test_parameters_are_read_wherever_they_are() -> None:
    found = {"17x256x256": {"metrics": {"parameters": {"value": 661.4e6}}}}
    assert row(made(found)[0], "ours") == {"Parameters million": "661"}
