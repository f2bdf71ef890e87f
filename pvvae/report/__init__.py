"""The report on a folder of runs, and the comparison of evaluations as plain text."""

from pvvae.report.runs.comparison import comparison
from pvvae.report.runs.curves import write_plots
from pvvae.report.runs.page import build_report, without_times

__all__ = ["build_report", "comparison", "without_times", "write_plots"]
