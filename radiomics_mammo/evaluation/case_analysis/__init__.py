"""Single cases: nearest cases, values out of range."""
