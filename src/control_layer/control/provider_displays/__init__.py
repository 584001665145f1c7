"""How the makers of models are shown (§4.20)."""
