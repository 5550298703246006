"""anju token, as an operator types it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from anju.apps.people.models import Household
from anju.apps.staff.models import Post, Token
from anju.cli.main import main
from api.conftest import Caller

pytestmark = pytest.mark.django_db


def typed(*words: str, code: int = 0) -> dict[str, object]:
    result = CliRunner().invoke(main, ["token", *words, "--json"])
    assert result.exit_code == code, result.output
    return json.loads(result.output) if code == 0 else {"said": result.output}


def test_a_token_is_made_listed_and_revoked(home: Household) -> None:
    made = typed("create", "worker", "--name", "nightly")
    caller = Caller(str(made["token"]))
    assert caller.get("/me").json()["token"]["name"] == "nightly"
    listed = typed("list", "worker")["tokens"]
    assert [row["id"] for row in listed] == [made["id"]] and str(made["token"]) not in json.dumps(listed)  # type: ignore[attr-defined, index]
    typed("revoke", str(made["id"]))
    assert caller.get("/me").status_code == 401
    assert "already" in str(typed("revoke", str(made["id"]), code=2)["said"])


def test_who_holds_several_posts_must_name_one(home: Household) -> None:
    worker = Post.objects.get(account__username="worker")
    other = Post.objects.create(account=worker.account, role="first_secretary", place=worker.place, start=worker.start)
    assert "--post" in str(typed("create", "worker", "--name", "x", code=2)["said"])
    typed("create", "worker", "--name", "x", "--post", str(other.pk))
    assert Token.objects.get().post == other
    assert "no account" in str(typed("create", "nobody", "--name", "x", code=2)["said"])
    assert "no token" in str(typed("revoke", "999", code=2)["said"])
