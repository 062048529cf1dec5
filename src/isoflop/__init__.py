"""isoflop: the scaling-law workbench."""
