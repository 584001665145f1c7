"""Grants of models to groups (§4.3)."""
