"""What providers are known to charge, suggested and never charged by itself; and what their models can do."""
