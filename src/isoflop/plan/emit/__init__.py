"""A plan as runs that people start, with what to expect of them, in files that trainers read."""
