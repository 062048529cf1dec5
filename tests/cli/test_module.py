"""`python -m isoflop` is the command."""

import subprocess
import sys

from isoflop import __version__


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "isoflop", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["isoflop", __version__])


def test_a_wrong_command_ends_as_it_does_in_the_script() -> None:
    done = subprocess.run([sys.executable, "-m", "isoflop", "fitt"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "fitt" in done.stderr
    assert "Traceback" not in done.stderr
