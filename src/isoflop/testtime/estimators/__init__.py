"""What samples at hand say: unbiased estimates of coverage, votes, best of k, efficiency and cost, with intervals."""
