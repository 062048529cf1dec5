"""Which runs to buy next: what they promise before, and how they scored after."""
