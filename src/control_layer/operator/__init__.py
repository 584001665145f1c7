"""What an operator types at a running instance: a client of the management API that knows nothing but the contract."""
