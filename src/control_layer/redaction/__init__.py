"""What is taken out of conversations before they are kept. Knows texts, JSON and event streams; no I/O."""

from control_layer.redaction.redactor import Redacted, Redactor
from control_layer.redaction.rules import BUILT_IN, InvalidRule, Rule, check_pattern
from control_layer.redaction.wording import wording

__all__ = ["BUILT_IN", "InvalidRule", "Redacted", "Redactor", "Rule", "check_pattern", "wording"]
