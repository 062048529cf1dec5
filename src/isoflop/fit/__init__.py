"""Fitting happens here: objective, seeds, one solver, certificate, and the frozen result."""

from isoflop.fit.certificate import Certificate, CertificateCheck
from isoflop.fit.estimate import Correction, Estimate
from isoflop.fit.fitting import fit_law
from isoflop.fit.objective import Objective, parse_objective
from isoflop.fit.result import Fit
from isoflop.fit.summary import DataSummary, Forecast

__all__ = [
    "Certificate",
    "CertificateCheck",
    "Correction",
    "DataSummary",
    "Estimate",
    "Fit",
    "Forecast",
    "Objective",
    "fit_law",
    "parse_objective",
]
