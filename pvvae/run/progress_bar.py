"""Progress bars with time left, on the main process alone."""

import sys

from tqdm import tqdm

from pvvae import distributed


def progress(title: str, total: int, *, start: int = 0) -> "tqdm[None]":
    """A bar of ``total`` units of which ``start`` are done; silent on other processes.

    Without a terminal it prints a line every ten seconds rather than rewriting one.
    """
    return tqdm(
        total=total,
        initial=start,
        desc=title,
        disable=not distributed.is_main(),
        dynamic_ncols=True,
        mininterval=0.5 if sys.stderr.isatty() else 10.0,
        file=sys.stderr,
    )


def say(text: str) -> None:
    """One line to the user, from the main process, without tearing a bar."""
    if distributed.is_main():
        say_here(text)


def say_here(text: str) -> None:
    """One line to the user about what this process alone has met, without tearing a bar."""
    # The bar is the main process's; another process cannot take it away, and begins a new line.
    tqdm.write(text if distributed.is_main() else f"\n{text}", file=sys.stderr)
