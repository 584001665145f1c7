"""What an application implements for each request."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Handler"]


class Handler(Protocol):
    """The application's side of one request. Methods are called in the loop and must not block."""

    def on_body(self, data: bytes) -> None:
        """A piece of the request's body (after `Responder.upgrade`: raw bytes)."""

    def on_end(self) -> None:
        """The request is complete. Called for requests without a body too."""

    def on_disconnect(self) -> None:
        """The client is gone, or its request broke off, before the answer ended. At most once."""

    def pause_writing(self) -> None:
        """The client takes the answer slower than it is written: stop producing."""

    def resume_writing(self) -> None:
        """The client has caught up."""
