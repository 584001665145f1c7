"""Paying for credits (§4.11)."""
