"""The interface as a whole: its routes, how its errors are told, and its description."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.operation import Operation
from ninja.parser import Parser
from ninja.renderers import JSONRenderer

from anju.api import alerts, case_steps, cases, feeds, findings, journal, me, people, places, runs, standards
from anju.api.description import complete
from anju.api.door import Bearer
from anju.api.problems import BY_STATUS, Problem, of_validation

BASE = "/api/v1"
log = logging.getLogger("anju.api")


class JsonOnly(Parser):
    """Bodies are JSON objects, and say so."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        if request.content_type != "application/json":
            raise Problem("media-type")
        try:
            found = json.loads(request.body)
        except (ValueError, RecursionError):
            raise Problem("malformed") from None
        if not isinstance(found, dict):
            raise Problem("malformed")
        return found


class Readable(JSONRenderer):
    """Chinese as Chinese."""

    json_dumps_params: Mapping[str, Any] = {"ensure_ascii": False}


class Api(NinjaAPI):
    def get_openapi_operation_id(self, operation: Operation) -> str:
        return str(operation.view_func.__name__)

    def described(self) -> dict[str, Any]:
        """The OpenAPI document, with what every address shares written into each."""
        schema: dict[str, Any] = json.loads(json.dumps(self.get_openapi_schema(path_prefix=f"{BASE}/"), default=str))
        acts = {self.get_openapi_operation_id(op): op.view_func.acts for bound in self._get_bound_routers()  # type: ignore[attr-defined]
                for view in bound.path_operations.values() for op in view.operations}  # fmt: skip
        return complete(schema, acts)


api = Api(
    title="Anju", version="1", openapi_url=None, docs_url=None, auth=Bearer(), parser=JsonOnly(), renderer=Readable(), urls_namespace="api"
)
for room in (me, places, people, standards, feeds, runs, findings, alerts, cases, case_steps, journal):
    api.add_router("", room.router)


@api.exception_handler(Problem)
def _problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    return problem.answer()


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return of_validation(error).answer()


@api.exception_handler(HttpError)
def _of_ninja(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What the parser of bodies raised comes wrapped."""
    cause = error.__cause__ or error.__context__
    return (cause if isinstance(cause, Problem) else Problem(BY_STATUS.get(error.status_code, "malformed"))).answer()


@api.exception_handler(RequestDataTooBig)
def _too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return Problem("too-large").answer()


@api.exception_handler(Exception)
def _our_fault(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("%s %s", request.method, request.path, exc_info=error)
    return Problem("our-fault").answer()
