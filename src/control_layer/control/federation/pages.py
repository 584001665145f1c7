"""What a browser shows between the provider and us: on the way in, and where there is no way in."""

from __future__ import annotations

from html import escape

from starlette.responses import HTMLResponse

from control_layer.control.errors import ControlError

__all__ = ["entered_page", "refused_page"]

_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",  # the address of this page holds a code
    "cache-control": "no-store",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">{head}
<style>
body {{ font: 16px/1.6 system-ui, sans-serif; margin: 15vh auto; max-width: 36rem; padding: 0 1rem; color: #1a1a1a; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #161616; color: #e6e6e6; }} a {{ color: #8ab4f8; }} }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{text}</p>
<p><a href="{link}">{label}</a></p>
</body>
</html>
"""


def entered_page(return_to: str) -> HTMLResponse:
    """Goes on to `return_to` by itself.

    A page and no redirect: what the provider's page set off counts as another site's request until one of our own pages
    leads on, and browsers keep strict session cookies back until then.
    """
    target = escape(return_to)
    page = _PAGE.format(
        title="You are signed in",
        head=f'\n<meta http-equiv="refresh" content="0;url={target}">',
        text="You will be taken there in a moment.",
        link=target,
        label="Continue",
    )
    return HTMLResponse(page, headers=_HEADERS)


def refused_page(error: ControlError, login_url: str) -> HTMLResponse:
    """Says what went wrong and leads back to the start."""
    page = _PAGE.format(
        title="You are not signed in",
        head="",
        text=escape(f"{error.message}."),
        link=escape(login_url),
        label="Sign in again",
    )
    return HTMLResponse(page, error.status, {**error.headers, **_HEADERS})
