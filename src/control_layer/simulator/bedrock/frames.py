"""Amazon's event streams, written: https://smithy.io/2.0/aws/amazon-eventstream.html."""

from __future__ import annotations

import json
import struct
from typing import Any
from zlib import crc32

__all__ = ["event", "exception"]

_TEXT = 7


def event(name: str, payload: dict[str, Any]) -> bytes:
    return _frame({":event-type": name, ":content-type": "application/json", ":message-type": "event"}, payload)


def exception(name: str, payload: dict[str, Any]) -> bytes:
    return _frame({":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}, payload)


def _frame(fields: dict[str, str], payload: dict[str, Any]) -> bytes:
    headers = b"".join(_header(name.encode(), value.encode()) for name, value in fields.items())
    body = json.dumps(payload, separators=(",", ":")).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    message = prelude + struct.pack(">I", crc32(prelude)) + headers + body
    return message + struct.pack(">I", crc32(message))


def _header(name: bytes, value: bytes) -> bytes:
    return struct.pack(">B", len(name)) + name + struct.pack(">BH", _TEXT, len(value)) + value
