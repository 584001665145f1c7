"""Effective access: why somebody can, or cannot, call a model."""
