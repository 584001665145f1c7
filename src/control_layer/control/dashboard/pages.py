"""The dashboard as browsers get it: its files, and its page for every other path, under a policy that lets in no more.

Each answer has a nonce of its own: what the dashboard's libraries write into `<style>` elements carries it, and nothing
that somebody injects can. Of scripts only our files run, and what stands in the page as built, known by its hash.
"""

from __future__ import annotations

import re
import secrets
from base64 import b64encode
from hashlib import sha256
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from control_layer.control.dashboard.built_files import BuiltFiles

__all__ = ["Dashboard"]

_NONCE = "__CSP_NONCE__"
"""Stands in the built page wherever the nonce belongs (`cspNonce` in `dashboard/vite.config.ts`)."""
_NONCE_BYTES = 16
_POLICY = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; "
    "media-src data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; object-src 'none'"
)
_INLINE_SCRIPT = re.compile(r"<script[^>]*>([^<]+)</script>")
_TITLE = re.compile(r"<title>[^<]*</title>")
_UNBUILT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
_UNBUILT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.6 system-ui, sans-serif; margin: 15vh auto; max-width: 36rem; padding: 0 1rem; color: #1a1a1a; }}
code {{ font-family: ui-monospace, monospace; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #161616; color: #e6e6e6; }} a {{ color: #8ab4f8; }} }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>The dashboard is not built. In a checkout, <code>make install</code> builds it and the next start serves it; packages
have it already.</p>
<p>AI requests go to <code>/ai/v1</code>, with an API key; any OpenAI SDK works with that base URL.</p>
<p>The management API is at <code>/admin/api/v1</code>; administrators find its reference at
<a href="/admin/docs">/admin/docs</a>.</p>
</body>
</html>
"""


class Dashboard:
    """What `files` hold, under the instance's title."""

    def __init__(self, files: BuiltFiles, title: str) -> None:
        self._files = files
        self._unbuilt = _UNBUILT.format(title=escape(title))
        titled = f"<title>{escape(title)}</title>"
        self._page = None if files.index is None else _TITLE.sub(lambda _: titled, files.index, count=1)
        self._scripts = "".join(f" 'sha256-{_digest(script)}'" for script in _INLINE_SCRIPT.findall(files.index or ""))

    def answer(self, request: Request) -> Response:
        """A file of the dashboard's, or its page, which finds out by itself what the path means."""
        file = self._files.answer(request.url.path, request.headers.get("accept-encoding", ""))
        return self._answer_page() if file is None else file

    def _answer_page(self) -> Response:
        if self._page is None:
            return _html(self._unbuilt, _UNBUILT_POLICY, "no-cache")
        nonce = secrets.token_urlsafe(_NONCE_BYTES)
        return _html(self._page.replace(_NONCE, nonce), _POLICY.format(nonce=nonce, scripts=self._scripts), "no-cache")


def _digest(script: str) -> str:
    return b64encode(sha256(script.encode()).digest()).decode()


def _html(page: str, policy: str, cache: str) -> Response:
    return HTMLResponse(page, headers={"cache-control": cache, "content-security-policy": policy})
