"""The best plan under limits: any columns of a law, any prices, every draw in one batch."""
