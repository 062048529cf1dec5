"""Samplers over any model: particles, Markov chains, search, thinking by difficulty; exact on toys."""
