"""The control plane: the management API and what it owns."""
