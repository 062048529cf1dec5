"""What more samples would say: distributions of difficulty, the power law of coverage, forecasts that were tried."""
