"""The interface described: for programs as OpenAPI, for people as one page that loads nothing from elsewhere."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from anju.api.api import BASE, api
from anju.api.problems import KINDS
from anju.apps.staff.permissions import ACTS


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    return api.described()


def openapi(request: HttpRequest) -> HttpResponse:
    return JsonResponse(document(), json_dumps_params={"ensure_ascii": False})


def reference(request: HttpRequest) -> HttpResponse:
    rooms: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            rooms.setdefault(operation["tags"][0], []).append(_entry(path, method.upper(), operation))
    context: dict[str, Any] = {
        "rooms": [(_title(tag), tag, entries) for tag, entries in rooms.items()],
        "kinds": [(kind, status, title, todo) for kind, (status, title, todo) in KINDS.items()],
    }
    context["address"] = request.build_absolute_uri(f"{BASE}/me")
    return HttpResponse(render_to_string("api/reference.html", context))  # without the frame of the pages: nobody is signed in here


def _title(tag: str) -> str:
    return {
        "me": _("The token"), "places": _("Places"), "people": _("Families and persons"), "standards": _("Standards"),
        "feeds": _("Feeds and deliveries"),
        "runs": _("Runs"), "findings": _("Findings"), "alerts": _("Alerts"), "cases": _("Cases and their steps"), "journal": _("Journal"),
    }[tag]  # fmt: skip


def _entry(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    good = next(answer for status, answer in operation["responses"].items() if int(status) < 300)
    shape = good.get("content", {}).get("application/json", {}).get("schema", {})
    body = operation.get("requestBody", {}).get("content", {})
    return {
        "id": operation["operationId"], "path": path, "method": method, "summary": _(operation["summary"]),
        "acts": [(act, ACTS[act]) for act in operation["x-acts"]],
        "parameters": [_parameter(one) for one in operation.get("parameters", [])],
        "body": [(media, _fields(what.get("schema", {}))) for media, what in body.items()],
        "fields": _fields(shape),
    }  # fmt: skip


def _parameter(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": one["name"],
        "where": one["in"],
        "required": one.get("required", False),
        "type": _type(one["schema"]),
        "what": one.get("description", ""),
    }


def _fields(shape: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of an object, those of the rows for a list."""
    shape = _resolved(shape)
    required = shape.get("required", [])
    return [
        {"name": name, "type": _type(kind), "required": name in required, "what": kind.get("description", ""), "below": _below(kind)}
        for name, kind in shape.get("properties", {}).items()
    ]


def _below(kind: dict[str, Any]) -> list[str]:
    inner = _resolved(kind.get("items", kind))
    return list(inner.get("properties", {}))


def _resolved(shape: dict[str, Any]) -> dict[str, Any]:
    reference = shape.get("$ref")
    found: dict[str, Any] = document()["components"]["schemas"][reference.rpartition("/")[2]] if reference else shape
    return found


def _type(kind: dict[str, Any]) -> str:
    if "anyOf" in kind:
        return " | ".join(_type(one) for one in kind["anyOf"])
    if "$ref" in kind:
        return str(kind["$ref"]).rpartition("/")[2].removesuffix("Out")
    if "enum" in kind:
        return " | ".join(str(one) for one in kind["enum"])
    if kind.get("type") == "array":
        return f"[{_type(kind.get('items', {}))}]"
    return str(kind.get("format") or kind.get("type", ""))
