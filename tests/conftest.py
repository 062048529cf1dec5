"""What every test may ask for: a generator, the published tables, the optional parts."""

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent
REQUIRED = frozenset(filter(None, os.environ.get("ISOFLOP_REQUIRE", "").split(",")))

# No deadline: the machines that run this are shared. The same examples every time: a failure can be repeated.
settings.register_profile(
    "isoflop", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("isoflop")


def pytest_configure() -> None:
    """Refuse a word in ISOFLOP_REQUIRE that nothing reads."""
    unknown = REQUIRED - {"data", "ladder"}
    if unknown:
        raise pytest.UsageError(f"ISOFLOP_REQUIRE knows data and ladder, not {', '.join(sorted(unknown))}.")


def skip_unless(present: bool, part: str, reason: str) -> None:
    """Skip the test with the reason, or fail it where ISOFLOP_REQUIRE says that the part must be there."""
    if present:
        return
    if part in REQUIRED:
        pytest.fail(f"{reason} ISOFLOP_REQUIRE says that {part} must be here.")
    pytest.skip(reason)


@pytest.fixture
def rng() -> np.random.Generator:
    """Return a generator with a fixed seed, a new one for every test."""
    return np.random.default_rng(20240607)


@pytest.fixture(scope="session")
def data_directory() -> Path:
    """Return the folder with the published tables, named by ISOFLOP_DATA."""
    named = os.environ.get("ISOFLOP_DATA", "")
    skip_unless(bool(named), "data", "ISOFLOP_DATA does not name the folder with the published tables.")
    folder = Path(named)
    skip_unless(folder.is_dir(), "data", f"ISOFLOP_DATA names {named}, which is not a folder.")
    return folder


@pytest.fixture(scope="session")
def torch_installed() -> None:
    """Ask for this fixture in a test that needs PyTorch, and import torch inside the test."""
    skip_unless(importlib.util.find_spec("torch") is not None, "ladder", "PyTorch is not installed.")
