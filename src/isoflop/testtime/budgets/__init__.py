"""What a budget of inference buys: routes, prices, frontier, best choices, spending by difficulty, break-even."""
