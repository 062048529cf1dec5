"""What answers cost: roofline, cache, speculative decoding, price per token."""
