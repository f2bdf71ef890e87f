import json
from dataclasses import asdict
from pathlib import Path

import pytest

from pvvae.run.progress_file import FILE, ItemProgress


def test_the_pace_is_of_the_last_start():
    assert ItemProgress(done=12, total=20, begun=4, seconds=16.0).pace == 2.0
    assert ItemProgress(done=4, total=20, begun=4, seconds=16.0).pace is None


def test_what_is_noted_is_read_back(tmp_path: Path):
    standing = ItemProgress(done=12, total=20, begun=4, seconds=16.0)
    (tmp_path / FILE).write_text(json.dumps(asdict(standing)))
    assert ItemProgress.read(tmp_path) == standing


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"done": 1}'])
def test_a_note_that_is_not_there_or_no_note_is_none(text: str | None, tmp_path: Path):
    if text is not None:
        (tmp_path / FILE).write_text(text)
    assert ItemProgress.read(tmp_path) is None
