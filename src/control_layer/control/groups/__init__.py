"""Groups, who is in them, and Everyone (§4.3)."""
