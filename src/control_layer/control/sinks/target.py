"""Where files go: object stores, through obstore (https://developmentseed.org/obstore/).

Another kind of sink, such as a Kafka topic, is another `Target`, opened by `open_target` for a URL of its own scheme.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from sqlalchemy import Row

from control_layer.control.sinks.formats import FORMATS
from control_layer.settings import Sink

__all__ = ["Target", "Undeliverable", "open_target"]


_RETRIES = {"max_retries": 2, "retry_timeout": timedelta(seconds=30)}
"""Within one attempt; behind it, we wait longer and longer."""


class Undeliverable(Exception):
    """It was not taken; the message says why. It is tried again."""


class Target(Protocol):
    """What takes completed requests."""

    async def put(self, name: str, rows: Sequence[Row[*tuple[Any, ...]]]) -> int:
        """Takes rows of `request_log.export.SELECTED`; returns how many bytes that were.

        The same `name` comes again where nobody knows whether it was taken, with the same requests: it must replace
        what came before. Raises `Undeliverable`.
        """


class _Files:
    """A file for each call."""

    def __init__(
        self, store: Callable[[], Any], suffix: str, write: Callable[[Sequence[Row[*tuple[Any, ...]]]], bytes]
    ) -> None:
        self._store = store
        self._suffix = suffix
        self._write = write

    async def put(self, name: str, rows: Sequence[Row[*tuple[Any, ...]]]) -> int:
        content = await asyncio.to_thread(self._write, rows)
        try:
            await self._store().put_async(f"{name}.{self._suffix}", content)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            # What goes wrong within obstore's own code comes as an exception that is none of `Exception`'s.
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            raise Undeliverable(f"{type(error).__name__}: {error}".splitlines()[0]) from error
        return len(content)


def open_target(sink: Sink) -> Target:
    """The place that a sink's settings name. Raises `ValueError`, which says what is wrong with them."""
    from obstore.exceptions import BaseError  # an extra: where it is missing, the settings are refused
    from obstore.store import LocalStore, from_url

    suffix, write = FORMATS[sink.format]
    options = {name: value.get_secret_value() for name, value in sink.options.items()}
    if sink.url.startswith("file:"):
        if options:
            raise ValueError(f"sinks.{sink.name}.options: a directory has none")
        path = Path(unquote(urlsplit(sink.url).path))
        # Opened each time: its disk may be away for a while.
        return _Files(lambda: LocalStore(path, mkdir=True), suffix, write)
    client: dict[str, Any] = {"allow_http": True} if options.pop("allow_http", "false") == "true" else {}
    open_store: Any = from_url
    try:
        store = open_store(sink.url, client_options=client, retry_config=_RETRIES, **options)
        return _Files(lambda: store, suffix, write)
    except (BaseError, TypeError, ValueError) as error:
        raise ValueError(f"sinks.{sink.name}: {error}".splitlines()[0]) from error
