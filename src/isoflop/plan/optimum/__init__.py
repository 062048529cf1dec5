"""The compute-optimal plan: best size and data for a budget, a target loss or a given size."""
