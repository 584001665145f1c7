"""Noticing what people should know: rules over the request log and the ledger, each episode told once."""
