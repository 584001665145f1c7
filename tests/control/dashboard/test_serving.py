"""How the dashboard's built files reach browsers: types, caching, compression, fallback, policy."""

from __future__ import annotations

import gzip
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from tests.control.management import client_of

from control_layer.control.dashboard.built_files import BuiltFiles
from control_layer.control.dashboard.pages import Dashboard
from control_layer.control.edge import Edge
from control_layer.control.fallback import Fallback

_SCRIPT = "document.documentElement.classList.add('dark')"
_INDEX = f"""<!doctype html><html><head><title>Built</title>
<meta property="csp-nonce" nonce="__CSP_NONCE__"><script nonce="__CSP_NONCE__">{_SCRIPT}</script>
<script type="module" src="/assets/index-1a2b.js" nonce="__CSP_NONCE__"></script></head></html>"""
_CODE = b"console.log('the dashboard')"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A directory as the build leaves it."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(_INDEX)
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path / "assets" / "index-1a2b.js").write_bytes(_CODE)
    (tmp_path / "assets" / "index-1a2b.js.gz").write_bytes(gzip.compress(_CODE))
    (tmp_path / "assets" / "index-1a2b.js.br").write_bytes(b"as if it were brotli")
    (tmp_path / "assets" / "geist-3c4d.woff2").write_bytes(b"wOF2")
    return tmp_path


def _client(directory: Path, title: str = "Control Layer") -> httpx.AsyncClient:
    app = FastAPI(openapi_url=None)
    app.router.default = Fallback(Dashboard(BuiltFiles.in_(directory), title), [])
    app.add_middleware(Edge, security_headers=True)
    return client_of(app, **{"accept-encoding": "identity"})


@pytest.fixture
async def browser(built: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with _client(built) as client:
        yield client


async def test_hashed_files_are_kept_for_ever_and_all_others_asked_for_again(browser: httpx.AsyncClient) -> None:
    hashed = await browser.get("/assets/index-1a2b.js")
    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert hashed.headers["content-type"] == "text/javascript; charset=utf-8"
    assert hashed.headers["x-content-type-options"] == "nosniff"
    assert hashed.content == _CODE
    for path in ("/favicon.svg", "/", "/models"):
        assert (await browser.get(path)).headers["cache-control"] == "no-cache"
    assert (await browser.get("/assets/geist-3c4d.woff2")).headers["content-type"] == "font/woff2"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("BR", "br"),
        ("gzip;q=0.5", "gzip"),
        ("br;q=0.000", None),
        ("", None),
        ("identity", None),
    ],
)
async def test_the_best_encoding_that_the_client_takes(
    browser: httpx.AsyncClient, accepted: str, encoding: str | None
) -> None:
    request = browser.build_request("GET", "/assets/index-1a2b.js", headers={"accept-encoding": accepted})
    response = await browser.send(request, stream=True)
    assert response.headers.get("content-encoding") == encoding
    assert response.headers["vary"] == "accept-encoding"
    assert response.headers["content-type"].startswith("text/javascript")
    await response.aclose()


async def test_what_no_build_of_today_has_is_not_the_page(browser: httpx.AsyncClient) -> None:
    for path in ("/assets/index-old.js", "/assets/", "/assets/index-1a2b.js.map", "/assets/index-1a2b.js.gz"):
        response = await browser.get(path)
        assert (response.status_code, response.content) == (404, b"")


@pytest.mark.parametrize("path", ["/..%2f..%2fetc/passwd", "//etc/passwd", "/index.html", "/%2e%2e/pages.py"])
async def test_no_path_leads_out_of_the_build(browser: httpx.AsyncClient, path: str) -> None:
    response = await browser.get(path)
    assert response.headers["content-type"].startswith("text/html")
    assert "<title>Control Layer</title>" in response.text


async def test_every_answer_has_a_nonce_of_its_own_for_styles_and_the_page_s_scripts_by_hash(
    browser: httpx.AsyncClient,
) -> None:
    nonces = set()
    for path in ("/", "/models?q=gpt"):
        response = await browser.get(path)
        policy = dict(part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";"))
        (nonce,) = set(re.findall(r'nonce="([^"]+)"', response.text))
        nonces.add(nonce)
        digest = b64encode(sha256(_SCRIPT.encode()).digest()).decode()
        assert policy["script-src"] == f"'self' 'sha256-{digest}'"
        assert policy["style-src"] == f"'self' 'nonce-{nonce}'"
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["connect-src"] == policy["font-src"] == "'self'"
        assert "unsafe" not in response.headers["content-security-policy"]
        assert response.headers["x-frame-options"] == "DENY"
    assert len(nonces) == 2


async def test_the_page_has_the_instance_s_title(built: Path) -> None:
    async with _client(built, "Models & <Co> \\1") as client:
        assert "<title>Models &amp; &lt;Co&gt; \\1</title>" in (await client.get("/")).text


async def test_only_reading_gets_the_page(browser: httpx.AsyncClient) -> None:
    head = await browser.head("/models")
    assert (head.status_code, head.content) == (200, b"")
    post = await browser.post("/models")
    assert (post.status_code, post.headers["allow"]) == (405, "GET, HEAD")


async def test_programs_that_look_where_nothing_is_get_no_page(browser: httpx.AsyncClient) -> None:
    for path in ("/ai/v1/nothing", "/scim/v2/nothing"):
        response = await browser.get(path)
        assert response.status_code == 404
        assert "json" in response.headers["content-type"]


async def test_without_a_build_the_page_says_how_to_get_one(tmp_path: Path) -> None:
    async with _client(tmp_path / "nothing", "Ours") as client:
        response = await client.get("/models")
        assert response.status_code == 200
        assert "make install" in response.text
        assert "<title>Ours</title>" in response.text
        assert response.headers["content-security-policy"].startswith("default-src 'none'")
