"""Published procedures that take more than one formula: chains of fits, mixtures, number formats, schedules."""
