"""Laws are declared here: formulas over columns, each with its source and published numbers."""

from isoflop.laws.catalogue import as_law, catalogue, from_text, from_toml, get, names
from isoflop.laws.law import Law, Parameter, Published, Source

__all__ = ["Law", "Parameter", "Published", "Source", "as_law", "catalogue", "from_text", "from_toml", "get", "names"]
