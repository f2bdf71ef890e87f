"""Commands in processes of their own, which begin with everything imported.

A process has one group in its life. A new interpreter imports torch and DeepSpeed for five
seconds; one server imports them once, and each process is a fork of it.
"""

import multiprocessing
import os
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from tests.processes import ROOT

PRELOADED = ["tests.fresh", "launchers.cli", "stages.program", "pvvae.engine", "deepspeed"]


def pvvae(*words: str | Path, folder: Path) -> tuple[int, str, str]:
    """``pvvae WORDS`` in the project's folder: its exit status, and what it printed.

    Args:
        words: of the command.
        folder: where its outputs are kept.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    out, err = folder / "stdout", folder / "stderr"
    child = context.Process(target=_run, args=(list(map(str, words)), out, err))
    child.start()
    child.join()
    assert child.exitcode is not None
    return child.exitcode, out.read_text(), err.read_text()


def _run(words: list[str], out: Path, err: Path) -> None:
    from launchers import cli

    os.chdir(ROOT)
    with out.open("w") as one, err.open("w") as two, redirect_stdout(one), redirect_stderr(two):
        status = cli.main(words)
    os._exit(status)
