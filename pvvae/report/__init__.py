"""The report on a folder of runs, and the comparison of evaluations as plain text."""

from pvvae.report.page import build_report, without_times
from pvvae.report.plot_files import write_plots
from pvvae.report.side_by_side import comparison

__all__ = ["build_report", "comparison", "without_times", "write_plots"]
