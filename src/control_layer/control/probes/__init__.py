"""Probes: health checks of models (§4.6)."""
