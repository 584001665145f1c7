"""Journals made by hand, and the records that stand in them."""

from __future__ import annotations

import fcntl
import os
import uuid
from pathlib import Path
from typing import Any

from control_layer.contract.usage import Attempt, Bodies, Closed, Opened, Record, Tokens, encode_record

__all__ = ["KEY", "MODEL", "USER", "HandMade", "bodies", "closed", "new_id", "opened"]

KEY, USER, MODEL = (uuid.UUID(int=number) for number in (0xA, 0xB, 0xC))
_AT = 1_790_000_000.25


def new_id() -> bytes:
    return uuid.uuid4().bytes


def opened(event_id: bytes, **changes: Any) -> Opened:
    fields: dict[str, Any] = {
        "id": event_id,
        "at": _AT,
        "key_id": str(KEY),
        "user_id": str(USER),
        "model": "gpt",
        "model_id": str(MODEL),
        "method": "POST",
        "path": "/ai/v1/chat/completions",
        "stream": True,
    }
    return Opened(**{**fields, **changes})


def closed(event_id: bytes, **changes: Any) -> Closed:
    fields: dict[str, Any] = {
        "id": event_id,
        "at": _AT,
        "key_id": str(KEY),
        "user_id": str(USER),
        "model": "gpt",
        "model_id": str(MODEL),
        "method": "POST",
        "path": "/ai/v1/chat/completions",
        "stream": True,
        "outcome": "completed",
        "status": 200,
        "error": None,
        "deployment_id": str(MODEL),
        "attempts": (Attempt(str(MODEL), str(uuid.UUID(int=0xE)), 200, None, 0.5),),
        "first_byte": 0.125,
        "duration": 0.5,
        "tokens": Tokens(input=11, output=7, cached_input=3, source="provider"),
        "finish_reason": "stop",
        "request_bytes": 100,
        "response_bytes": 200,
    }
    return Closed(**{**fields, **changes})


def bodies(event_id: bytes, request: bytes = b'{"model":"gpt"}', response: bytes = b"\0\xff") -> Bodies:
    return Bodies(event_id, request, False, response, True)


class HandMade:
    """A gateway's journal, written by the test: locked until `die`."""

    def __init__(self, journal_dir: Path) -> None:
        self.worker_id = uuid.uuid4()
        self.directory = journal_dir / str(self.worker_id)
        self.directory.mkdir(parents=True)
        self._lock = os.open(self.directory / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._number = 0
        self.rotate()

    @property
    def segment(self) -> Path:
        return self.directory / f"{self._number:08d}.seg"

    def rotate(self) -> None:
        self._number += 1
        self.segment.touch()

    def write(self, *records: Record | bytes) -> None:
        with self.segment.open("ab") as file:
            for record in records:
                file.write(record if isinstance(record, bytes) else encode_record(record))

    def die(self) -> None:
        os.close(self._lock)
