"""Keeps modules whose imports need PyTorch out of the doctests where it is not installed."""

import importlib.util
import os
from pathlib import Path

if importlib.util.find_spec("torch") is None and "ladder" not in os.environ.get("ISOFLOP_REQUIRE", ""):
    collect_ignore = [
        str(path)
        for path in (Path(__file__).parent / "src/isoflop/ladder").glob("*.py")
        if any(line.startswith(("import torch", "from torch")) for line in path.read_text("utf-8").splitlines())
    ]
