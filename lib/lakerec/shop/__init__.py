"""A generated shop with planted truth: a log whose hidden causes are known."""
