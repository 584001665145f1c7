"""The address of a provider: what is accepted, and the one form it is stored in.

Private addresses are allowed on purpose: that is where a company's own models run.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import httpx

__all__ = ["BadProviderUrl", "normalised", "origin_of"]

_MAX_LENGTH = 2048
_MAX_PORT = 65535
_SCHEMES = {"http", "https"}
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
"""A name in its ASCII form, or an IP address without brackets."""


class BadProviderUrl(ValueError):
    """The text is no address a provider can have; says why."""


def normalised(text: str, *, query: bool = False) -> str:
    """`text` with scheme and host in lower case, no default port, and `/` for no path. Raises `BadProviderUrl`.

    With `query`, it may have one.
    """
    try:
        url = httpx.URL(str(httpx.URL(text.strip())))  # twice: the scheme in small letters shows its default port
        port = url.port if url.port is not None else 1
    except (httpx.InvalidURL, ValueError):
        raise BadProviderUrl("Invalid URL format") from None
    if url.scheme not in _SCHEMES or len(text) > _MAX_LENGTH or not 0 < port <= _MAX_PORT:
        raise BadProviderUrl("Invalid URL format")
    if not _HOST.fullmatch(url.raw_host.decode("ascii")):
        raise BadProviderUrl("Invalid URL format")
    if url.userinfo:
        raise BadProviderUrl("Invalid URL format: put the credential into api_key, not into the URL")
    if (url.query and not query) or url.fragment:
        raise BadProviderUrl("Invalid URL format: the URL must end with its path, without '?' or '#'")
    return f"{url.scheme}://{url.netloc.decode('ascii')}{url.raw_path.decode('ascii').rstrip('?')}"


def origin_of(url: str) -> str:
    """Scheme, host and port of a normalised address: who gets what is sent there (RFC 6454, 4)."""
    split = urlsplit(url)
    return f"{split.scheme}://{split.netloc}"
