"""What clients send and get: read as tolerantly as Okta and Entra need it, written with the attributes asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Body, Depends, Query
from scim2_models import Context, ListResponse, PatchOp, Resource, ResponseParameters, ScimPolicy, SearchRequest
from starlette.responses import Response

from control_layer.control.scim.errors import MEDIA_TYPE, ScimError
from control_layer.control.scim.findings import refusing
from control_layer.control.scim.provider import DEFAULT_RESULTS, MAX_RESULTS

__all__ = [
    "POLICY",
    "Asked",
    "Payload",
    "Search",
    "answer",
    "list_answer",
    "page_of",
    "read_patch",
    "read_resource",
    "read_search",
    "selects",
]

POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
_MAX_OPERATIONS = 1000
_MAX_EXPRESSION = 4096
_MAX_DEPTH = 20
"""Brackets in a filter or path: the parser and what walks its tree go as deep."""
_MAX_INDEX = 2**31 - 1

Payload = Annotated[dict[str, Any], Body()]
"""A JSON object that the library will read."""
Search = SearchRequest[Any]

_Kept = TypeVar("_Kept", bound=Resource[Any])


@dataclass(frozen=True, slots=True)
class _Query:
    """The query string, not yet bound to a kind of resource."""

    members: Mapping[str, object]

    def search(self, model: type[_Kept]) -> Search:
        """For a list of resources. Raises 400."""
        return read_search(model, self.members)

    def selection(self, model: type[_Kept]) -> ResponseParameters[Any]:
        """For one resource: which attributes the answer has. Raises 400."""
        wanted = {name: self.members[name] for name in ("attributes", "excludedAttributes") if name in self.members}
        with refusing():
            return _bound(ResponseParameters, model).model_validate(wanted)  # type: ignore[no-any-return]


def _query(
    filter: str | None = None,  # noqa: A002 - RFC 7644's name
    start_index: Annotated[int | None, Query(alias="startIndex")] = None,
    count: int | None = None,
    attributes: str | None = None,
    excluded_attributes: Annotated[str | None, Query(alias="excludedAttributes")] = None,
) -> _Query:
    members = {
        "filter": filter,
        "startIndex": start_index,
        "count": count,
        "attributes": attributes,
        "excludedAttributes": excluded_attributes,
    }
    return _Query({name: value for name, value in members.items() if value not in (None, "")})


Asked = Annotated[_Query, Depends(_query)]
"""RFC 7644, 3.4.2 and 3.9. Sorting is not offered, so `sortBy` is ignored."""


def read_search(model: type[_Kept], members: Mapping[str, object]) -> Search:
    """A search for `model`, from a query string or a body (RFC 7644, 3.4.3). Raises 400."""
    _bound_expression(members.get("filter"), "invalidFilter")
    with refusing():
        return _bound(SearchRequest, model).model_validate(dict(members), scim_policy=POLICY)  # type: ignore[no-any-return]


def page_of(search: Search) -> tuple[int, int]:
    """How many to skip and how many to take."""
    count = DEFAULT_RESULTS if search.count is None else search.count
    return min(search.start_index_0 or 0, _MAX_INDEX), min(count, MAX_RESULTS)


def read_resource(
    model: type[_Kept], body: Mapping[str, object], context: Context, defaults: Mapping[str, object]
) -> _Kept:
    """A whole resource. `defaults` stand for what is absent or null. Raises 400."""
    given = {name: value for name, value in body.items() if value not in (None, [])}
    names = {name.lower() for name in given}
    complete = given | {name: value for name, value in defaults.items() if name.lower() not in names}
    with refusing():
        return model.model_validate(complete, scim_ctx=context, scim_policy=POLICY)


def read_patch(model: type[_Kept], body: Mapping[str, object]) -> PatchOp[_Kept]:
    """Operations on a resource. Raises 400; 413 for too many of them."""
    operations = next((value for name, value in body.items() if name.lower() == "operations"), None)
    if isinstance(operations, Sequence):
        if len(operations) > _MAX_OPERATIONS:
            raise ScimError(413, f"Send at most {_MAX_OPERATIONS} operations at once")
        for operation in operations:
            if isinstance(operation, Mapping):
                for name, value in operation.items():
                    if name.lower() == "path":
                        _bound_expression(value, "invalidPath")
    with refusing():
        patch: PatchOp[_Kept] = _bound(PatchOp, model).model_validate(
            body, scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=POLICY
        )
        return patch


def selects(parameters: ResponseParameters[Any], attribute: str) -> bool:
    """Whether an answer with these parameters can have any of the attribute (its Python name)."""
    if parameters.attributes:
        return any(
            (binding := path.resolve()) is not None and binding.field_name == attribute
            for path in parameters.attributes
        )
    return not any(
        (binding := path.resolve()) is not None and (binding.field_name, binding.sub_field_name) == (attribute, None)
        for path in parameters.excluded_attributes or ()
    )


def answer(
    resource: Resource[Any],
    context: Context = Context.RESOURCE_QUERY_RESPONSE,
    parameters: ResponseParameters[Any] | None = None,
    *,
    status: int = 200,
) -> Response:
    """One resource, with its version and address in the header where it has them."""
    headers = {}
    if resource.meta is not None and resource.meta.version is not None:
        headers["etag"] = resource.meta.version
    if resource.meta is not None and resource.meta.location is not None and status == 201:
        headers["location"] = resource.meta.location
    body = resource.model_dump_json(scim_ctx=context, response_parameters=parameters)
    return Response(body, status, headers, media_type=MEDIA_TYPE)


def list_answer(
    model: type[_Kept], resources: Sequence[_Kept], total: int, skip: int = 0, search: Search | None = None
) -> Response:
    """A page of resources out of `total`."""
    page = _bound(ListResponse, model)(
        total_results=total, start_index=skip + 1, items_per_page=len(resources), resources=list(resources)
    )
    body = page.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=search)
    body.setdefault("Resources", [])  # the library leaves empty lists out, but Entra looks for this one
    return Response(json.dumps(body, ensure_ascii=False, separators=(",", ":")), media_type=MEDIA_TYPE)


def _bound(message: Any, model: type[_Kept]) -> Any:
    """The message for this kind of resource: by the call that the subscript stands for, as `model` is a value."""
    return message.__class_getitem__(model)


def _bound_expression(expression: object, scim_type: str) -> None:
    """Raises 400 for a filter or path that is larger than anybody needs."""
    if isinstance(expression, str) and (
        len(expression) > _MAX_EXPRESSION or expression.count("(") + expression.count("[") > _MAX_DEPTH
    ):
        raise ScimError(400, f"Use at most {_MAX_EXPRESSION} characters and {_MAX_DEPTH} brackets", scim_type)
