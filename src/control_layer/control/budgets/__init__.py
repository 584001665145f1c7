"""Budgets: what a key, a user, a group or a model may cost in a period (ours; the contract knows caps of keys only)."""
