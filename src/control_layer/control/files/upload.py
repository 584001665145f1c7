"""Takes an upload: its lines are checked while they stream in, and wait on disk until the last of them has passed.

No database connection is held by a slow client, no more than a line is held in memory, and nothing is stored of a file
with a line that does not pass.
"""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import IO

import asyncpg
import msgspec
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from control_layer.control.errors import ControlError, invalid
from control_layer.control.files.form import UploadForm
from control_layer.control.files.lines import Lines, LineTooLong
from control_layer.control.files.template import LINE_OVERHEAD_BYTES, Rules, Template, body_too_large
from control_layer.settings import Limits
from control_layer.store import tables
from control_layer.store.copying import copy_rows

__all__ = ["DEFAULT_LIFE", "Upload", "new_spool", "received"]

DEFAULT_LIFE = timedelta(days=30)
"""How long a file lives where nobody says otherwise."""
_MAX_LIFE_SECONDS = 10 * 365 * 86400
_FLUSH_BYTES = 256 * 1024
_ROWS_AT_ONCE = 2000
_BYTES_AT_ONCE = 8 * 1024 * 1024
_COLUMNS = ("file_id", "line", "custom_id", "url", "model", "body")


class _Record(msgspec.Struct, array_like=True):
    custom_id: str
    url: str
    model: str
    body: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Record).decode


@dataclass(slots=True)
class Upload:
    """A whole file that passed, on disk. Closed by whoever received it."""

    spool: IO[bytes]
    filename: str
    purpose: str
    life: timedelta
    bytes: int
    lines: int

    async def store(self, session: AsyncSession, owner: uuid.UUID, now: datetime) -> tables.File:
        """The file and its lines as rows."""
        row = tables.File(
            id=uuid.uuid4(),
            filename=self.filename,
            purpose=self.purpose,
            bytes=self.bytes,
            lines=self.lines,
            uploaded_by=owner,
            created_at=now,
            expires_at=now + self.life,
        )
        session.add(row)
        await session.flush()
        raw = await (await session.connection()).get_raw_connection()
        driver = raw.driver_connection
        assert isinstance(driver, asyncpg.Connection)
        self.spool.seek(0)
        records = enumerate(_records(self.spool), 1)
        while page := await asyncio.to_thread(_page, records):
            rows = [(row.id, line, found.custom_id, found.url, found.model, found.body) for line, found in page]
            await copy_rows(driver, "file_requests", _COLUMNS, rows)
        return row


async def received(request: Request, spool: IO[bytes], rules: Rules, limits: Limits) -> Upload:
    """Reads the request's body to its end; the templates are in `spool` then. Raises 400, 403, 413, 415 and 422."""
    form = UploadForm(request.headers.get("content-type", ""))
    lines = Lines(rules.max_body_bytes + LINE_OVERHEAD_BYTES)
    writer = _Writer(spool, rules, limits.files.max_requests_per_file)
    size = 0
    try:
        async for chunk in request.stream():
            found = form.feed(chunk)
            size += len(found)
            if limits.files.max_file_size and size > limits.files.max_file_size:
                bound = limits.files.max_file_size
                raise ControlError(413, "file_too_large", f"The file is larger than {bound} bytes")
            _check_purpose(form.fields.get("purpose"))
            for number, line in lines.feed(found):
                writer.add(number, line)
            await writer.flush(_FLUSH_BYTES)
        form.finish()
        for number, line in lines.finish():
            writer.add(number, line)
    except LineTooLong as error:
        raise body_too_large(error.number, rules.max_body_bytes) from None
    await writer.flush(0)
    if not writer.lines:
        raise invalid("File contains no valid request templates", code="empty_file")
    return Upload(spool, form.filename or "", "batch", _life(form.fields), size, writer.lines)


class _Writer:
    """Checks lines and writes their templates to disk, some at a time."""

    def __init__(self, spool: IO[bytes], rules: Rules, max_lines: int) -> None:
        self.lines = 0
        self._spool = spool
        self._rules = rules
        self._max_lines = max_lines
        self._pending = bytearray()

    def add(self, number: int, line: bytes) -> None:
        template = self._rules.template(number, line)
        self.lines += 1
        if self._max_lines and self.lines > self._max_lines:
            raise invalid(f"The file has more than {self._max_lines} requests", code="too_many_requests_in_file")
        self._pending += _framed(template)

    async def flush(self, above: int) -> None:
        if len(self._pending) > above:
            pending, self._pending = self._pending, bytearray()
            await asyncio.to_thread(self._spool.write, pending)


def _framed(template: Template) -> bytes:
    record = _encode(_Record(template.custom_id, template.url, template.model, template.body))
    return len(record).to_bytes(4, "big") + record


def _records(spool: IO[bytes]) -> Iterator[_Record]:
    while length := spool.read(4):
        yield _decode(spool.read(int.from_bytes(length, "big")))


def _page(records: Iterator[tuple[int, _Record]]) -> list[tuple[int, _Record]]:
    """The next rows: some, and not too large together."""
    page, size = [], 0
    for line, record in islice(records, _ROWS_AT_ONCE):
        page.append((line, record))
        size += len(record.body)
        if size > _BYTES_AT_ONCE:
            break
    return page


def _check_purpose(purpose: str | None) -> None:
    if purpose is not None and purpose != "batch":
        raise invalid(f"Invalid purpose '{purpose[:64]}'. Only 'batch' is supported.", code="invalid_purpose")


def _life(fields: dict[str, str]) -> timedelta:
    anchor, seconds = fields.get("expires_after[anchor]"), fields.get("expires_after[seconds]")
    if anchor is not None and anchor != "created_at":
        raise invalid("expires_after[anchor] must be 'created_at'", code="invalid_expiry")
    if seconds is None:
        return DEFAULT_LIFE
    if not (
        seconds.isascii() and seconds.isdigit() and 0 < len(seconds) < 12 and 0 < int(seconds) <= _MAX_LIFE_SECONDS
    ):
        raise invalid("expires_after[seconds] must be a number of seconds, ten years at most", code="invalid_expiry")
    return timedelta(seconds=int(seconds))


def new_spool() -> IO[bytes]:
    """A file without a name: it is gone with whoever opened it."""
    return tempfile.TemporaryFile()
