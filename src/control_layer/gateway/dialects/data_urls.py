"""Data in a URL (RFC 2397), as OpenAI's dialects send pictures and files."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import unquote_to_bytes

__all__ = ["data_url", "read_data_url"]


def read_data_url(url: str) -> tuple[str | None, str] | None:
    """Media type and base64 data; `None` for a URL of another kind."""
    head, comma, data = url.partition(",")
    if not comma or head[:5].lower() != "data:":
        return None
    media_type, *parameters = head[5:].split(";")
    if not parameters or parameters[-1].strip().lower() != "base64":
        data = b64encode(unquote_to_bytes(data)).decode()
    return media_type.strip() or None, data


def data_url(media_type: str, data: str) -> str:
    """`data` is base64."""
    return f"data:{media_type};base64,{data}"
