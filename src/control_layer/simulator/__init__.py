"""The simulated provider: OpenAI-compatible, deterministic, labelled as simulated."""
