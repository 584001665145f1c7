"""Answers that models keep: what is forgotten of them."""
