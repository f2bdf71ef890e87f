"""How fast scenes are made is for ``pvvae bench`` to say."""

import json

from launchers.cli import main


def test_both_kinds_of_frames_are_counted(tmp_path, capsys):
    path = tmp_path / "out.json"
    words = ["bench", "scenes", "--clip", "3x16x24", "--scenes", "2", "--json", str(path)]
    assert main(words) == 0
    assert "frames a second  (quartiles)" in capsys.readouterr().out
    found = json.loads(path.read_text())
    rates = found["frames_per_second"]
    assert set(rates) == {"render", "truth"}
    assert found["ratios"] == {"render/200 frames a second": rates["render"]["median"] / 200}
    assert found["protocol"] == {"clip": [3, 16, 24], "scenes": 2, "warmup": 1}


def test_a_clip_that_cannot_be_is_one_line(capsys):
    assert main(["bench", "scenes", "--clip", "17x64"]) == 2
    assert "--clip: is written TxHxW" in capsys.readouterr().err
    assert main(["bench", "scenes", "--clip", "0x64x64"]) == 2
    assert "frames must be at least 1, got 0" in capsys.readouterr().err
