"""The report on a folder of runs, and the comparison of evaluations as plain text."""

from pvvae.report.runs.comparison import comparison
from pvvae.report.runs.page import build_report, without_times
from pvvae.report.runs.plot_files import write_plots

__all__ = ["build_report", "comparison", "without_times", "write_plots"]
