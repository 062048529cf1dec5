"""The command line: every command parses, makes one library call and prints."""

from isoflop.cli.app import app
from isoflop.cli.boundary import main

__all__ = ["app", "main"]
