"""The report: everything about one fit in one HTML file."""

from isoflop.report.page import Parts, render_report, write_report

__all__ = ["Parts", "render_report", "write_report"]
