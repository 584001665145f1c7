"""The model in a query string: found, and given the provider's name. Other parameters stay the bytes they came as."""

from __future__ import annotations

from urllib.parse import quote, unquote_to_bytes

__all__ = ["model_in_query", "rename_model", "value_in_query"]


def model_in_query(query: bytes) -> str | None:
    """The first `model` a query string names."""
    return value_in_query(query, b"model")


def value_in_query(query: bytes, wanted: bytes) -> str | None:
    """The first value of a parameter that is not empty."""
    for parameter in query.split(b"&") if query else ():
        name, _, value = parameter.partition(b"=")
        if _plain(name) == wanted and value:
            return _plain(value).decode("utf-8", "replace")
    return None


def rename_model(query: bytes, model: str) -> bytes:
    """`query` with `model` wherever it names one."""
    parameters = query.split(b"&")
    return b"&".join(
        [
            b"model=" + quote(model, safe="").encode()
            if _plain(parameter.partition(b"=")[0]) == b"model"
            else parameter
            for parameter in parameters
        ]
    )


def _plain(value: bytes) -> bytes:
    return unquote_to_bytes(value.replace(b"+", b" "))
