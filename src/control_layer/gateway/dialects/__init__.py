"""Provider formats: pure functions and small state machines, no I/O."""
