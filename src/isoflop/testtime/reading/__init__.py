"""Where samples enter: files, logs and columns become samples and counts, with all findings."""
