"""Test-time compute: from samples of problems to what more inference buys."""
