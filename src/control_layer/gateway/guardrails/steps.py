"""Steps of a plan: neighbouring guardrails of one kind that look for patterns, or one that asks somebody else.

Denying guardrails that stand together look at the same text, and so do those that redact. Pure; texts are UTF-8.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from control_layer.contract.guardrails import Guardrail, Pattern, compiled
from control_layer.contract.snapshot import Endpoint
from control_layer.contract.spans import Span, cut, merged
from control_layer.gateway.guardrails.texts import edited, readings
from control_layer.wire import Timeouts

__all__ = ["Allow", "Deny", "External", "Rail", "Redact", "Step"]

_PATH_SAFE = "/%:@!$&'()*+,;=-._~"


class Rail:
    """A guardrail that looks for a pattern. Raises `InvalidPattern`."""

    __slots__ = ("pattern", "replacement", "row")

    def __init__(self, row: Guardrail) -> None:
        self.row = row
        self.pattern: Pattern = compiled(row.pattern)
        self.replacement = row.replacement.encode(errors="replace")


class Deny:
    """Blocks what one of its patterns is found in."""

    __slots__ = ("rails", "width")

    def __init__(self, rails: Sequence[Rail]) -> None:
        self.rails = tuple(rails)
        self.width = max(rail.row.window_characters for rail in rails)
        """So many characters of a stream are looked at together."""

    def blocking(self, texts: Sequence[bytes]) -> Guardrail | None:
        """The first guardrail that finds something."""
        for rail in self.rails:
            search = rail.pattern.search
            for text in texts:
                for reading in readings(text):
                    if search(reading) is not None:
                        return rail.row
        return None

    def met(self, text: bytes, start: int, before: int) -> Guardrail | None:
        """The first guardrail that finds something that begins at `start` or behind it, and ends before `before`."""
        for rail in self.rails:
            found = rail.pattern.search(text, start)
            if found is not None and found.span()[1] < before:
                return rail.row
        return None

    def beginning(self, text: bytes, start: int, before: int) -> Guardrail | None:
        """The first guardrail that finds something that begins between `start` and `before`."""
        for rail in self.rails:
            found = rail.pattern.search(text, start)
            if found is not None and found.span()[0] < before:
                return rail.row
        return None


class Redact:
    """Replaces what its patterns find."""

    __slots__ = ("rails", "width")

    def __init__(self, rails: Sequence[Rail]) -> None:
        self.rails = tuple(rails)
        self.width = max(rail.row.window_characters for rail in rails)
        """So many characters of a stream are looked at together."""

    def spans(self, text: bytes, start: int = 0) -> list[Span[int]]:
        """What gives way to what, in order and apart. Nothing is looked for before `start`."""
        found: list[Span[int]] = []
        for number, rail in enumerate(self.rails):
            for match in rail.pattern.finditer(text, start):
                begin, end = match.span()
                if end > begin:
                    found.append(Span(begin, end, rail.replacement, number))
        return merged(found) if found else found

    def redacted(self, text: bytes, found: set[int]) -> bytes:
        """The text without what is found; JSON stays JSON. The places of those that found something go into `found`."""

        def edit(part: bytes) -> bytes:
            spans = self.spans(part)
            found.update(span.source for span in spans)
            return cut(part, spans) if spans else part

        return edited(text, edit)


class Allow:
    """Blocks where its pattern is found nowhere: texts are looked at together, a line each."""

    __slots__ = ("rails",)

    def __init__(self, rail: Rail) -> None:
        self.rails = (rail,)

    def blocking(self, texts: Sequence[bytes]) -> Guardrail | None:
        """The guardrail, where it finds nothing."""
        rail = self.rails[0]
        return None if rail.pattern.search(b"\n".join(texts)) is not None else rail.row


class External:
    """Asks a service over HTTP."""

    __slots__ = ("endpoint", "row", "target", "timeouts")

    def __init__(self, row: Guardrail) -> None:
        self.row = row
        self.endpoint = Endpoint(row.id, row.name, row.url, sealed_credential=row.sealed_secret)
        self.target = _target(row.url)
        self.timeouts = Timeouts(connect=row.timeout, first_byte=row.timeout, idle=row.timeout, total=row.timeout)


def _target(url: str) -> bytes:
    try:
        split = urlsplit(url)
    except ValueError:
        return b"/"  # it is not sent: no connection is made to such an address either
    path = quote(split.path or "/", safe=_PATH_SAFE)
    return (f"{path}?{quote(split.query, safe=_PATH_SAFE + '?')}" if split.query else path).encode()


Step = Deny | Redact | Allow | External
