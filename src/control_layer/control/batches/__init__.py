"""Batches, what they are doing, and the worker that carries them out (§4.15, §4.16)."""
