"""Which answer to give, and whether to: tests that may be wrong, likely reasoning, confidence, drafts handed on."""
