"""Which tokens of a clip are here: all of them, unless processes share the clip."""

from torch import Tensor


class TokenGroup:
    """All tokens are here. A subclass knows other processes, each with a part of the tokens.

    A network calls these where what it must hold changes; between the calls it computes with
    whatever it has. Parts are equally long, the last ones padded with zeros, which are
    cut off where an axis becomes whole again.

    Source: DeepSpeed-Ulysses (arXiv 2309.14509) exchanges tokens for attention heads, DSP (arXiv
    2403.10266) one axis of a clip for the other; both are :meth:`exchange`.
    """

    processes = 1
    """Processes that share a clip."""

    def split(self, x: Tensor, *, dim: int) -> Tensor:
        """The part along ``dim`` that this process computes with, of what all have whole."""
        return x

    def gather(self, x: Tensor, *, dim: int, length: int) -> Tensor:
        """What the parts along ``dim`` make together, ``length`` long, on every process."""
        return x

    def exchange(self, x: Tensor, *, whole: int, length: int, split: int) -> Tensor:
        """Parts along axis ``split`` for parts along axis ``whole``, then ``length`` long."""
        return x


def check_heads(heads: int, processes: int) -> None:
    """Refuse attention heads that cannot be exchanged for tokens: each process needs equally many.

    Raises:
        ValueError: naming the numbers of processes that can.
    """
    if heads % processes:
        fitting = [n for n in range(1, heads + 1) if heads % n == 0]
        raise ValueError(
            f"{processes} processes cannot share {heads} attention heads evenly; use "
            f"{' or '.join(map(str, fitting))}"
        )
