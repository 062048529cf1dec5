"""Data enters here: the vocabulary of columns, frozen run tables, readers, checks."""

from isoflop.runs.columns import SYMBOL_TO_WORD, VOCABULARY, Column, resolve, symbol_to_word
from isoflop.runs.read import read_runs
from isoflop.runs.table import Excluded, Provenance, RunTable

__all__ = [
    "SYMBOL_TO_WORD",
    "VOCABULARY",
    "Column",
    "Excluded",
    "Provenance",
    "RunTable",
    "read_runs",
    "resolve",
    "symbol_to_word",
]
