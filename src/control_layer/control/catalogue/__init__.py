"""What providers are known to charge, and how much their models read: suggested, never charged by itself."""
