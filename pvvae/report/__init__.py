"""The report on a folder of runs, and the comparison of evaluations as plain text."""

from pvvae.report.runs.comparison import comparison
from pvvae.report.runs.curves import write_plots
from pvvae.report.runs.page import build_report

__all__ = ["build_report", "comparison", "write_plots"]
