"""What a browser's cookie may change must be asked for by our own pages: another site could send the request as well.

Browsers say where a request comes from in `Sec-Fetch-Site` or `Origin`; programs send neither and are let through.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.requests import Request

from control_layer.control.errors import ControlError
from control_layer.settings import Settings

__all__ = ["require_same_origin"]

_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))  # RFC 9110, 9.2.1
_PORTS = {"http": 80, "https": 443}
_OWN = frozenset(("same-origin", "none"))  # "none": typed or bookmarked by the person


class _Origin(NamedTuple):
    scheme: str
    host: str
    port: int | None
    """`None`: the scheme's own."""


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
        own = origin is None or _is_here(origin, request.headers.get("host", ""), settings)
    if not own:
        text = "This request comes from another site's page; add its origin to auth.security.cors.allowed_origins"
        raise ControlError(403, "cross_site_request", text)


def _allowed(origin: str, settings: Settings) -> bool:
    page = _parts(origin)
    listed = origin in settings.auth.security.cors.allowed_origins
    return listed or (page is not None and page == _parts(settings.dashboard_url))


def _is_here(origin: str, host: str, settings: Settings) -> bool:
    """Whether the page came from the address that is asked now, and by the scheme, where ours is known."""
    page = _parts(origin)
    if page is None or page != _parts(f"{page.scheme}://{host}"):
        return False
    return _scheme_at(page, settings) in {None, page.scheme}


def _scheme_at(page: _Origin, settings: Settings) -> str | None:
    """How pages of ours are reached at the page's address. A proxy may speak TLS for us: `dashboard_url` says so."""
    if settings.gateway.tls.certificate is not None:
        return "https"
    dashboard = _parts(settings.dashboard_url)
    return dashboard.scheme if dashboard is not None and dashboard[1:] == page[1:] else None


def _parts(origin: str) -> _Origin | None:
    """`None` for what is no origin, such as the `null` of a page without one (RFC 6454, 7.1)."""
    try:
        split = urlsplit(origin)
        host, port = split.hostname, split.port
    except ValueError:
        return None
    if split.scheme not in _PORTS or not host or split.username is not None:
        return None
    return _Origin(split.scheme, host, None if port == _PORTS[split.scheme] else port)
