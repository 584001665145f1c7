"""What a start finds or sets up: the administrator, the configured model sources, the demonstration (§4.25)."""
