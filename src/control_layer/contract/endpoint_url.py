"""Where a provider's API path lies under an endpoint's URL. Both planes ask here, so that discovery and traffic agree.

Administrators paste a base URL with or without the API version (`https://host/openai`, `https://host/openai/v1`,
`https://host/v1beta/openai`). A version segment anywhere in it makes it a complete base; without one the path's own
version is added. `/v1/v1` never comes out. Azure's API lies under `/openai`, whether the base says so or not.
"""

from __future__ import annotations

import re
from urllib.parse import quote

__all__ = ["azure_path", "cohere_path", "ollama_path", "upstream_path", "vertex_location", "vertex_path"]

_VERSION = re.compile(r"v\d+(?:alpha|beta)?\d*")
_OLLAMA = re.compile(r"api|v1")
_VERTEX_PLACE = re.compile(r"/projects/[^/]+/locations/[^/]+")
_VERTEX_HOST = re.compile(r"(?:([a-z0-9-]+)-)?aiplatform(?:\.([a-z]+)\.rep)?\.googleapis\.com")
_OF_DEPLOYMENTS = ("/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/audio/", "/v1/images/")
"""Azure's paths that name the deployment."""


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


def cohere_path(base_path: str, api_path: str) -> str:
    """The request path at Cohere: its own API for reranking, and the one that is compatible with OpenAI's for the rest.

    https://docs.cohere.com/docs/compatibility-api. The base may have a version, which is not for either.
    """
    base = _without_last(base_path, _VERSION)
    if api_path.startswith(("/v1/rerank", "/v2/rerank")):
        return base + api_path
    return f"{base}/compatibility{api_path}"


def ollama_path(base_path: str, api_path: str) -> str:
    """The request path for one such as `/api/chat` at Ollama, whose base may have `/api`, or `/v1` of its other API."""
    return _without_last(base_path, _OLLAMA) + api_path


def _without_last(base_path: str, segment: re.Pattern[str]) -> str:
    base = base_path.rstrip("/")
    head, _, last = base.rpartition("/")
    return head if segment.fullmatch(last) else base


def azure_path(base_path: str, api_path: str, deployment: str | None = None) -> str:
    """`upstream_path` at an Azure resource; with a `deployment`, of its older API, whose paths have no version."""
    base = base_path.rstrip("/")
    if "openai" not in base.split("/"):
        base += "/openai"
    if deployment is None:
        return upstream_path(base, api_path)
    base = base.removesuffix("/v1")
    rest = api_path.removeprefix("/v1")
    if api_path.startswith(_OF_DEPLOYMENTS):
        return f"{base}/deployments/{quote(deployment, safe='')}{rest}"
    return base + rest


def vertex_location(host: str) -> str:
    """The location that an address of Vertex AI stands for: `us-central1` for `us-central1-aiplatform.googleapis.com`,
    `eu` for `aiplatform.eu.rep.googleapis.com`, and `global` for any other.
    """
    found = _VERTEX_HOST.fullmatch(host)
    return "global" if found is None else found[1] or found[2] or "global"


def vertex_path(base_path: str, api_path: str, project: str | None, location: str) -> str:
    """The request path for one such as `/v1/publishers/google/models/…:generateContent` at Vertex AI.

    The base may name the place already. Without a project, which API keys of the express mode need none of, it is left
    out.
    """
    base = base_path.rstrip("/")
    place = _VERTEX_PLACE.search(base)
    if place is not None:
        base = base[: place.end()]
        return base + "/" + api_path.split("/", 2)[2]
    if project is None:
        return upstream_path(base, api_path)
    return upstream_path(base, f"/v1/projects/{project}/locations/{location}/{api_path.split('/', 2)[2]}")
