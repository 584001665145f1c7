"""Which API a provider speaks, as an administrator says it or as its address tells, and what it needs said: checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from control_layer.contract.dialects import DIALECTS, Api, DialectName, Leniency, Quirk, recognised, served_names
from control_layer.control.errors import invalid
from control_layer.control.schema import Flag, Input

__all__ = ["Options", "checked_dialect", "checked_options", "options_left"]

_REGION = re.compile(r"[a-z]{2,8}(-[a-z0-9]{1,16}){1,4}")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]|[a-z0-9.-]+:[a-z][a-z0-9-]+|[0-9]{6,20}")
"""An id, one of an older domain, or a number."""
_LOCATION = re.compile(r"[a-z][a-z0-9-]{0,62}")
_DEFAULTS = {"deployment_paths": False, "quirks": [], "unsupported_parameters": "refuse"}


class Options(Input):
    """What a dialect needs said beyond its name. What is absent, null or the default is as if it were not there."""

    api_version: str | None = None
    """Azure: its `api-version`, such as `2024-10-21`. Without `deployment_paths` it is not needed."""
    deployment_paths: Flag | None = None
    """Azure: use `/openai/deployments/{model}/…` instead of `/openai/v1/…`."""
    quirks: list[Quirk] | None = None
    """How an OpenAI-compatible server differs from OpenAI's own."""
    native_apis: list[Api] | None = None
    """Which of the APIs that clients speak the provider speaks itself; requests to the others are translated. By
    default `chat_completions` and `responses`.
    """
    unsupported_parameters: Leniency | None = None
    """When a translated request has a parameter that the provider cannot be told: `refuse` it (the default), or `drop`
    the parameter and list it in the header `x-control-layer-dropped-parameters` of the answer.
    """
    project: str | None = None
    """Vertex AI: the project of Google Cloud. By default the one of the service account."""
    location: str | None = None
    """Vertex AI: such as `europe-west4`. By default what the address says, else `global`."""
    region: str | None = None
    """Bedrock: the region that requests are signed for, such as `eu-central-1`, where the address does not name it."""


def checked_dialect(said: DialectName | None, url: str) -> DialectName:
    """What was said, or what the address is known for. Raises 400 for one that the gateway cannot send requests to."""
    dialect = DIALECTS[said or recognised(url)]
    if dialect.served:
        return dialect.name
    names = ", ".join(served_names())
    what = f"{dialect.title} (dialect '{dialect.name}')"
    begin = f"{what} is not served yet" if said else f"This is the address of {what}, which is not served yet"
    raise invalid(f"{begin}; there are {names}. {dialect.instead}".rstrip(), code="dialect_not_served")


def options_left(dialect: str, options: Mapping[str, Any]) -> dict[str, Any] | None:
    """Those of them that mean something to the dialect."""
    known = DIALECTS[dialect].options
    return {name: value for name, value in options.items() if name in known} or None


def checked_options(dialect: str, options: Options | None) -> dict[str, Any] | None:
    """As they are stored: what differs from the default. Raises 400 for those that mean nothing to the dialect."""
    given = {} if options is None else options.model_dump(mode="json", exclude_none=True)
    given = {name: value for name, value in given.items() if value != _DEFAULTS.get(name)}
    foreign = sorted(given.keys() - (options_left(dialect, given) or {}).keys())
    if foreign:
        raise invalid(f"options.{foreign[0]} means nothing to the dialect '{dialect}'", code="invalid_options")
    if "api_version" in given and not _VERSION.fullmatch(given["api_version"]):
        raise invalid("options.api_version must be a version such as 2024-10-21", code="invalid_options")
    if "deployment_paths" in given and "api_version" not in given:
        raise invalid("options.deployment_paths needs options.api_version, such as 2024-10-21", code="invalid_options")
    if "project" in given and not _PROJECT.fullmatch(given["project"]):
        raise invalid("options.project must be the id of a project of Google Cloud", code="invalid_options")
    if "location" in given and not _LOCATION.fullmatch(given["location"]):
        raise invalid("options.location must be a location such as europe-west4 or global", code="invalid_options")
    if "region" in given and not _REGION.fullmatch(given["region"]):
        raise invalid("options.region must be a region such as eu-central-1", code="invalid_options")
    for name in ("quirks", "native_apis"):
        if name in given:
            given[name] = sorted(set(given[name]))
    if "native_apis" in given and not given["native_apis"]:
        raise invalid("options.native_apis must name one API at least", code="invalid_options")
    return given or None
