"""Where files go: object stores, through obstore (https://developmentseed.org/obstore/).

Another kind of sink, such as a Kafka topic, is another `Target`, opened by `open_target` for a URL of its own scheme.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from sqlalchemy import Row

from control_layer.control.sinks.formats import FORMATS
from control_layer.settings import Sink

__all__ = ["Target", "Undeliverable", "open_target"]


_OF_CLIENT = ("allow_http", "timeout", "connect_timeout", "proxy_url")
"""Options of the connection, whatever the store."""
_RETRIES = {"max_retries": 2, "retry_timeout": timedelta(seconds=30)}
"""Within one attempt; behind it, we wait longer and longer."""


class Undeliverable(Exception):
    """It was not taken; the message says why. It is tried again."""


class Target(Protocol):
    """What takes completed requests."""

    async def put(self, name: str, rows: Sequence[Row[*tuple[Any, ...]]]) -> None:
        """Takes rows of `request_log.export.SELECTED`.

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

    async def put(self, name: str, rows: Sequence[Row[*tuple[Any, ...]]]) -> None:
        content = await asyncio.to_thread(self._write, rows)
        path = f"{name}.{self._suffix}"
        try:
            await self._store().put_async(path, content)
            await self._written(path)
        except BaseException as error:
            _raise_unless_ours(error)
            raise Undeliverable(f"{type(error).__name__}: {error}".splitlines()[0]) from error

    async def _written(self, path: str) -> None:
        """A store has taken it, for good."""


class _LocalFiles(_Files):
    """Files below a directory, which may be away for a while."""

    def __init__(self, directory: Path, suffix: str, write: Callable[[Sequence[Row[*tuple[Any, ...]]]], bytes]) -> None:
        from obstore.store import LocalStore

        super().__init__(lambda: LocalStore(directory, mkdir=True), suffix, write)
        self._directory = directory

    async def _written(self, path: str) -> None:
        """Not before the disk has it: what is noted as sent is not sent again."""
        file = self._directory / path
        await asyncio.to_thread(_sync, file)
        await asyncio.to_thread(_sync, file.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _raise_unless_ours(error: BaseException) -> None:
    """Raises what is no fault of a store. What goes wrong within obstore itself is not one of `Exception`."""
    if isinstance(error, asyncio.CancelledError | KeyboardInterrupt | SystemExit):
        raise error


def open_target(sink: Sink) -> Target:
    """The place that a sink's settings name. Raises `ValueError`, which says what is wrong with them."""
    from obstore.store import from_url  # an extra: where it is missing, the settings are refused

    suffix, write = FORMATS[sink.format]
    options = {name: value.get_secret_value() for name, value in sink.options.items()}
    if sink.url.startswith("file:"):
        if options:
            raise ValueError(f"sinks.{sink.name}.options: a directory has none")
        return _LocalFiles(Path(unquote(urlsplit(sink.url).path)), suffix, write)
    client = {name: options.pop(name) for name in _OF_CLIENT if name in options}
    open_store: Any = from_url
    try:
        store = open_store(sink.url, client_options=client, retry_config=_RETRIES, **options)
    except BaseException as error:  # noqa: BLE001 - what goes wrong within obstore is none of `Exception`
        _raise_unless_ours(error)
        reason = str(error).splitlines()[0]
        for secret in filter(None, (*options.values(), *client.values())):
            reason = reason.replace(secret, "…")
        raise ValueError(f"sinks.{sink.name}: {reason}") from None
    return _Files(lambda: store, suffix, write)
