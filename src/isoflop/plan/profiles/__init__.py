"""IsoFLOP profiles (approach 2), beside which a law's optimum is held."""
