"""A shell with an sbatch that notes what it is given, and a name that tries to be a command."""

import os
import subprocess
from pathlib import Path

HOSTILE = "a\ntouch OWNED; \"b\" 'c' $(touch OWNED) `touch OWNED` $HOME\nEOF\ntouch OWNED"


def submitted(script: str, folder: Path) -> list[list[str]]:
    """The words of each sbatch in a shell script that is run in ``folder``, one after another.

    Raises:
        AssertionError: if a part of a name was run as a command.
    """
    sbatch = folder / "bin/sbatch"
    sbatch.parent.mkdir()
    sbatch.write_text("#!/bin/sh\nprintf '%s\\0' \"$@\" '' >> \"$GIVEN\"\necho 1\n")
    sbatch.chmod(0o755)
    given = folder / "given"
    path = f"{sbatch.parent}:{os.environ['PATH']}"
    env = os.environ | {"PATH": path, "GIVEN": str(given)}
    subprocess.run(["bash", "-c", script], check=True, env=env, cwd=folder, capture_output=True)
    assert not list(folder.rglob("OWNED*"))
    return [call.split("\0") for call in given.read_text().removesuffix("\0\0").split("\0\0")]
