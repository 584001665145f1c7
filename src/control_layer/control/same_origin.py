"""What a browser's cookie may change must be asked for by our own pages: another site could send the request as well.

Browsers say where a request comes from in `Sec-Fetch-Site` or `Origin`; programs send neither and are let through.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

from control_layer.control.errors import ControlError
from control_layer.settings import Settings

__all__ = ["require_same_origin"]

_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))  # RFC 9110, 9.2.1
_OWN = frozenset(("same-origin", "none"))  # "none": typed or bookmarked by the person


def require_same_origin(request: Request, settings: Settings) -> None:
    """Raises 403 for a state-changing request from another site's page that CORS does not name."""
    if request.method in _SAFE:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if origin is not None and _allowed(origin, settings):
        return
    if site is not None:
        own = site in _OWN
    else:
        own = origin is None or _same(_host(origin), request.headers.get("host", "").lower())
    if not own:
        text = "This request comes from another site's page; add its origin to auth.security.cors.allowed_origins"
        raise ControlError(403, "cross_site_request", text)


def _allowed(origin: str, settings: Settings) -> bool:
    allowed = settings.auth.security.cors.allowed_origins
    return origin in allowed or _same(_host(origin), _host(settings.dashboard_url))


def _same(host: str | None, other: str | None) -> bool:
    return host is not None and host == other


def _host(origin: str) -> str | None:
    """Host and port; `None` for what has none, such as the `null` of a page without an origin (RFC 6454, 7.1)."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None
