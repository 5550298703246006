"""What the OpenAPI document says of every address alike: the act it needs, its problems, paging and the key of a repetition."""

from __future__ import annotations

from typing import Any

from anju.api.once import HEADER, LONGEST
from anju.api.problems import KINDS, MEDIA, ProblemOut
from anju.apps.staff.permissions import ACTS

ALWAYS = (401, 403, 404, 405, 422, 429, 500)
OF_A_BODY = (400, 413, 415)
OF_A_POST = (409,)
OF_A_RUN = (503,)
KEY = {
    "in": "header", "name": HEADER, "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]+$"},
    "description": "A key of your own drawing: the same request under the same key is done once.",
}  # fmt: skip
FRESH = {"in": "header", "name": "If-None-Match", "required": False, "schema": {"type": "string", "pattern": "^[!-~]*$"},
         "description": "The ETag of the version one has."}  # fmt: skip


def complete(schema: dict[str, Any], acts: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    schema["components"]["schemas"] |= _problem_schemas()
    schema["info"]["description"] = (
        "What the pages show and do, for programs. Every call acts in the post of its token: what that post may not see is answered "
        "like what does not exist. Days are ISO 8601, times RFC 3339, money whole fen. Errors are RFC 9457 problems."
    )
    for methods in schema["paths"].values():
        for method, operation in methods.items():
            _one(method, operation, acts[operation["operationId"]])
    return schema


def _problem_schemas() -> dict[str, Any]:
    found = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**found.pop("$defs"), "ProblemOut": found}


def _one(method: str, operation: dict[str, Any], acts: tuple[str, ...]) -> None:
    operation["x-acts"] = list(acts)
    says = f"Needs: {' or '.join(f'{act} ({ACTS[act].en})' for act in acts)}." if acts else "For every post."
    operation["description"] = " ".join(part for part in (operation.get("description", "").strip(), says) if part)
    statuses = [*ALWAYS, *(OF_A_POST if method == "post" else ()), *(OF_A_RUN if operation["tags"][0] in ("runs", "findings") else ())]
    statuses += OF_A_BODY if "requestBody" in operation else ()
    if method == "post":
        operation.setdefault("parameters", []).append(KEY)
    for status in statuses:
        kinds = [kind for kind, (code, _title, _todo) in KINDS.items() if code == status]
        operation["responses"].setdefault(str(status), {"description": " / ".join(kinds)})
    if "304" in operation["responses"]:
        operation["responses"]["304"] = {"description": "The caller has this version already."}
        operation.setdefault("parameters", []).append(FRESH)
    for status, answer in operation["responses"].items():
        if int(status) >= 400:
            answer["content"] = {MEDIA: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
