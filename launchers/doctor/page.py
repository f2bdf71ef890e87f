"""Results as a page: which checks ran on which machine, and which never did."""

from collections.abc import Mapping, Sequence

from launchers.doctor.gpu_check import CheckResult, GpuCheck

HEAD = """\
# Checks by machine

Made by `pvvae doctor --accelerator --page FILE`. On a CPU networks are tiny; a pass there says that
the program works, not the GPU.
"""


def page(checks: Sequence[GpuCheck], found: Mapping[str, Mapping[str, CheckResult]]) -> str:
    """Markdown with a table for each machine; a check without a result never ran there."""
    parts = [HEAD]
    for kind, results in sorted(found.items()):
        rows = [
            "| check | came out | figure | must hold | bound from | s |",
            "|---|---|---|---|---|---|",
        ]
        rows += [_row(check, results.get(check.name)) for check in checks]
        parts.append(f"## {kind}\n\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _row(check: GpuCheck, found: CheckResult | None) -> str:
    if found is None:
        cells = [check.name, "never", "", check.bound, check.source, ""]
    else:
        seconds = f"{found.seconds:.0f}"
        cells = [check.name, found.state, found.figure, found.bound, found.source, seconds]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
