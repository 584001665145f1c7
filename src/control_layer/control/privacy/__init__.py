"""What is kept of conversations: redaction rules, and erasing what was kept."""
