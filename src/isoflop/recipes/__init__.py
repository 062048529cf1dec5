"""Which recipe wins at scale: fits side by side, differences, multipliers, crossings, pairs, times."""
