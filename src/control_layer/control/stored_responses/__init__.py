"""Responses that are stored where their provider does not keep them."""
