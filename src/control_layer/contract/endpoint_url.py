"""Where a provider's API path lies under an endpoint's URL. Both planes ask here, so that discovery and traffic agree.

Administrators paste a base URL with or without the API version (`https://host/openai`, `https://host/openai/v1`,
`https://host/v1beta/openai`). A version segment anywhere in it makes it a complete base; without one the path's own
version is added. `/v1/v1` never comes out.
"""

from __future__ import annotations

import re

__all__ = ["upstream_path"]

_VERSION = re.compile(r"v\d+(?:alpha|beta)?\d*")


def upstream_path(base_path: str, api_path: str) -> str:
    """The request path for `api_path` (such as `/v1/chat/completions`) at a provider whose URL has `base_path`.

    A path of another version than the base's last segment replaces it: `/v2/rerank` under `/v1` is `/v2/rerank`.
    """
    base = base_path.rstrip("/")
    version, _, rest = api_path.lstrip("/").partition("/")
    if not _VERSION.fullmatch(version):
        return f"{base}/{version}/{rest}" if rest else f"{base}/{version}"
    segments = base.split("/")
    if _VERSION.fullmatch(segments[-1]):
        if version != "v1":
            segments[-1] = version
        return "/".join(segments) + "/" + rest
    if any(_VERSION.fullmatch(segment) for segment in segments):
        return f"{base}/{rest}"
    return f"{base}/{version}/{rest}"
