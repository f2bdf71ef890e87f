"""A window of steps under torch's profiler."""

from pathlib import Path

import torch

ROWS = 40  # of the table: what takes time is among the first few


class Profile:
    """Records some steps and writes a trace (for chrome://tracing or Perfetto) and a table."""

    def __init__(self, folder: Path, *, start: int, steps: int) -> None:
        """Record ``steps`` steps from ``start`` into ``folder``."""
        self._folder, self._start, self._steps = folder, start, steps
        self._profiler: torch.profiler.profile | None = None

    def before(self, step: int) -> None:
        """``step`` is about to be taken."""
        if step == self._start:
            self._profiler = torch.profiler.profile(record_shapes=True, profile_memory=True)
            self._profiler.start()
        elif step == self._start + self._steps:
            self.stop()

    def stop(self) -> None:
        """Write what has been recorded, if anything."""
        if self._profiler is None:
            return
        self._profiler.stop()
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"step_{self._start:08d}.json"
        self._profiler.export_chrome_trace(str(path))
        order = "self_device_time_total" if torch.cuda.is_available() else "self_cpu_time_total"
        table = self._profiler.key_averages().table(sort_by=order, row_limit=ROWS)
        path.with_suffix(".txt").write_text(table + "\n")
        self._profiler = None
