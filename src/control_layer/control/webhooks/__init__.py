"""Telling other programs what happens: outgoing webhooks (§4.19), signed as Standard Webhooks says."""
