"""Model sources (§4.4): their rows, and what they say they serve."""
