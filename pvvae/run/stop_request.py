"""Being asked from outside to save and leave, by a file that appears.

A signal will not do: the launcher dies of it, one process may get it a step before another, and
a handler would save in the middle of something. So the program that gets the signal (the batch
script, on Slurm) makes a file, and the loop looks for it where it may stop.
"""

import os
from pathlib import Path

from pvvae import distributed

VARIABLE = "PVVAE_STOP_FILE"
STOPPED = 75
"""Status of a stage that has saved and left because it was asked to: EX_TEMPFAIL of sysexits.h."""


class Stopped(Exception):  # noqa: N818 - no error
    """The run was asked to leave, and has saved everything: the same command goes on from there."""


def stop_asked() -> bool:
    """Whether the file that the environment names is there; a collective call, one answer for all.

    The main process looks: it is where the file is made, so no network file system hides it for a
    while. Nothing to look for costs nothing.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        return False
    return not distributed.agree(not (distributed.is_main() and Path(name).exists()))
