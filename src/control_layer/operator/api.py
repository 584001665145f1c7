"""The management API from outside: requests, pages, and refusals in words that say what to do next."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from control_layer.operator.credential import PlatformKey
from control_layer.operator.errors import ApiRefusal, Unreachable
from control_layer.operator.local_instance import LocalInstance, is_loopback

__all__ = ["Api"]

_PREFIX = "/admin/api/v1"
_PAGE = 100
_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 60.0  # the server asks a provider for up to 30 s
_ACCEPT = "application/problem+json, application/json"

Query = Mapping[str, str | int | bool]


class Api:
    """A signed-in client of one instance. Every method raises `ApiRefusal` and `Unreachable`."""

    def __init__(self, url: str, credential: PlatformKey | LocalInstance) -> None:
        """Signs in where that is needed."""
        self.url = url.rstrip("/")
        self._credential = credential
        self._client = httpx.Client(
            base_url=self.url,
            timeout=httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS),
            headers={"accept": _ACCEPT, "user-agent": "control-layer"},
            trust_env=not is_loopback(self.url),  # no proxy of the environment's is asked for this machine
        )
        if isinstance(credential, PlatformKey):
            self._client.headers["authorization"] = f"Bearer {credential.secret}"
        else:
            self._sign_in(credential)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if isinstance(self._credential, LocalInstance):
                self._client.post("/authentication/logout")
        except httpx.HTTPError:
            pass  # the session ends by itself
        finally:
            self._client.close()

    def get(self, path: str, **query: str | int | bool) -> Any:
        """An object, as JSON."""
        return self._call("GET", path, query=query)

    def post(self, path: str, body: object = None) -> Any:
        """What the answer holds; `None` for an empty one."""
        return self._call("POST", path, body)

    def patch(self, path: str, body: object) -> Any:
        """The object after the change."""
        return self._call("PATCH", path, body)

    def put(self, path: str, body: object) -> Any:
        """The object as it was set."""
        return self._call("PUT", path, body)

    def delete(self, path: str) -> None:
        """Takes it away."""
        self._call("DELETE", path)

    def pages(self, path: str, **query: str | int | bool) -> Iterator[Any]:
        """All objects of a list, page by page, each once."""
        seen: set[str] = set()
        skip = 0
        while True:
            page = self.get(path, **query, skip=skip, limit=_PAGE)
            # `/endpoints` answers with a bare array; every other list with its total count.
            items: list[Any] = page if isinstance(page, list) else page["data"]
            for item in items:
                if item["id"] not in seen:
                    seen.add(item["id"])
                    yield item
            skip += _PAGE
            if len(items) < _PAGE:
                return

    def _sign_in(self, local: LocalInstance) -> None:
        try:
            answer = self._client.post("/authentication/login", json={"email": local.email, "password": local.password})
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if answer.status_code == 401:
            raise ApiRefusal(
                401,
                "wrong_credentials",
                f"the password kept in {local.directory} is not that of {local.email}; set CONTROL_LAYER_ADMIN_EMAIL "
                "to the administrator's address, or CONTROL_LAYER_API_KEY to a platform key",
            )
        if answer.status_code != 200:
            raise self._refusal(answer)
        # The cookie may be marked as one for HTTPS only; this is the loopback interface.
        self._client.headers["cookie"] = answer.headers["set-cookie"].partition(";")[0]

    def _call(self, method: str, path: str, body: object = None, *, query: Query | None = None) -> Any:
        try:
            answer = self._client.request(method, _PREFIX + path, json=body, params=query)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if not answer.is_success:
            raise self._refusal(answer)
        if not answer.content:
            return None
        if answer.headers.get("content-type", "").partition(";")[0] != "application/json":
            raise Unreachable(
                f"what answers at {self.url} does not know {path}: it is another server, or an older Control Layer"
            )
        return answer.json()

    def _unreachable(self, error: httpx.HTTPError) -> Unreachable:
        if isinstance(error, httpx.TimeoutException):
            return Unreachable(f"{self.url} did not answer in time; is it overloaded? Nothing is known of what it did")
        if isinstance(error.__cause__, ssl.SSLError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
            return Unreachable(
                f"the certificate of {self.url} is not trusted here; name its authority's file in SSL_CERT_FILE"
            )
        return Unreachable(
            f"nobody answers at {self.url} ({error}); start it with 'control-layer serve', or give its address with "
            "--url or CONTROL_LAYER_URL"
        )

    def _refusal(self, answer: httpx.Response) -> ApiRefusal:
        status, code, message = answer.status_code, "", ""
        if answer.headers.get("content-type", "").partition(";")[0].endswith("json"):
            problem = answer.json()
            if isinstance(problem, dict):
                code, message = str(problem.get("code", "")), str(problem.get("detail") or problem.get("message") or "")
                clashes = problem.get("conflicts") or ()
                message += "".join(f"; alias '{clash['attempted_alias']}' is taken" for clash in clashes)
        message = message or f"{answer.request.method} {answer.request.url.path} was answered with {status}"
        if status == 401:
            message = f"{self._source()} is not accepted by {self.url}; a living key of purpose 'platform' is needed"
        elif status == 403:
            message += f"; use a key of somebody with that right (this is {self._source()})"
        elif status >= 500:
            message += f"; the log of {self.url} says more"
        return ApiRefusal(status, code, message)

    def _source(self) -> str:
        if isinstance(self._credential, PlatformKey):
            return f"the key in {self._credential.source}"
        return f"the administrator {self._credential.email}"
