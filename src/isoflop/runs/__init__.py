"""Data enters here: the vocabulary of columns, frozen run tables, readers, checks, published tables."""

from isoflop.runs.check import CheckReport, check, usable
from isoflop.runs.columns import SYMBOL_TO_WORD, VOCABULARY, Column, resolve, symbol_to_word
from isoflop.runs.finding import Finding
from isoflop.runs.published import PublishedTable, catalogue, embedded, embedded_path, load_published
from isoflop.runs.read import read_runs
from isoflop.runs.table import Excluded, Provenance, RunTable

__all__ = [
    "SYMBOL_TO_WORD",
    "VOCABULARY",
    "CheckReport",
    "Column",
    "Excluded",
    "Finding",
    "Provenance",
    "PublishedTable",
    "RunTable",
    "catalogue",
    "check",
    "embedded",
    "embedded_path",
    "load_published",
    "read_runs",
    "resolve",
    "symbol_to_word",
    "usable",
]
