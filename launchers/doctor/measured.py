"""Measurements that no other command makes: ``python -m launchers.doctor.measured NAME``."""

import sys
from collections.abc import Callable, Iterator

from launchers.doctor import attention_kernels, numbers, planned_memory, ranks
from launchers.doctor.figure import Figure

MEASUREMENTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "kernels": attention_kernels.kernels,
    "many_sequences": attention_kernels.many_sequences,
    "block_causal": attention_kernels.block_causal,
    "i3d": numbers.i3d,
    "precision": numbers.precision,
    "matrix_product": numbers.matrix_product,
    "planned_memory": planned_memory.planned_memory,
    "ranks": ranks.of_this_node,
}


def main(name: str) -> int:
    """Print each figure; 0 if all are right, else 1."""
    figures = []
    for figure in MEASUREMENTS[name]():
        print(figure.line, flush=True)
        figures.append(figure)
    wrong = [figure for figure in figures if not figure.right]
    print(wrong[0].line if wrong else f"{len(figures)} figures, the last: {figures[-1].line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
