"""How sure: bootstrap, delta, profile, and anything derived from the same draws."""

from isoflop.uncertainty.bootstrap import bootstrap
from isoflop.uncertainty.delta import delta
from isoflop.uncertainty.profile import profile
from isoflop.uncertainty.propagate import propagate

__all__ = ["bootstrap", "delta", "profile", "propagate"]
