"""Where samples stop paying: imperfect verifiers, plateaus, votes against verification, inference against training."""
