"""Passwords that are made for people, to be typed by them."""

from __future__ import annotations

import secrets

from control_layer.settings import Password

__all__ = ["generated_password"]

_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that look alike
_LENGTH = 20  # of 56: 116 bits


def generated_password(rules: Password) -> str:
    """A random password of a length within the rules."""
    length = min(max(_LENGTH, rules.min_length), rules.max_length)
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
