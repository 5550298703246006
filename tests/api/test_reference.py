"""The description of the interface: whole, valid, and a page that loads nothing from elsewhere."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import polib
import pytest
from django.test import Client

import anju.api
from anju.api.problems import KINDS
from anju.api.reference import document
from anju.apps.staff.permissions import ACTS

ROOM = Path(anju.api.__file__).parent
SAID = re.compile(r"""\b(?:_|gettext_lazy)\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\)""")


def test_every_address_names_its_act_and_every_error_is_a_problem() -> None:
    paths = document()["paths"]
    assert all(path.startswith("/api/v1/") for path in paths)
    for methods in paths.values():
        for operation in methods.values():
            assert set(operation["x-acts"]) <= set(ACTS)
            assert operation["summary"] and operation["security"] == [{"Bearer": []}]
            for status, answer in operation["responses"].items():
                assert (list(answer.get("content", {})) == ["application/problem+json"]) is (int(status) >= 400), (
                    operation["operationId"],
                    status,
                )


def test_no_two_shapes_share_a_name() -> None:
    """One of them would describe the other's answers."""
    names = Counter(name for path in ROOM.glob("*.py") for name in re.findall(r"^class (\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert [name for name, n in names.items() if n > 1] == []


def test_every_post_takes_a_key() -> None:
    for path, methods in document()["paths"].items():
        if "post" in methods:
            assert "Idempotency-Key" in [one["name"] for one in methods["post"]["parameters"]], path


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_page_shows_every_address_and_every_problem_and_loads_its_own_files_only(language: str) -> None:
    answer = Client(HTTP_HOST="127.0.0.1").get("/api/v1/", headers={"Accept-Language": language})
    page = answer.content.decode()
    assert answer.status_code == 200 and "script-src 'self'" in answer["Content-Security-Policy"]
    assert all(path in page for path in document()["paths"]) and all(f'id="{kind}"' in page for kind in KINDS)
    assert ("程序接口" in page) is (language == "zh-CN")
    assert "<script" not in page and "style=" not in page
    assert {url for url in re.findall(r'(?:src|href)="([^"#]+)', page) if not url.startswith("/")} == set()


def test_the_document_is_for_everybody() -> None:
    answer = Client(HTTP_HOST="127.0.0.1").get("/api/v1/openapi.json")
    assert answer.status_code == 200 and answer.json()["openapi"] == "3.1.0"


def test_every_sentence_has_its_chinese() -> None:
    said: set[str] = set()
    for path in ROOM.rglob("*"):
        if path.suffix == ".py":
            text = path.read_text(encoding="utf-8")
            said |= {"".join(re.findall(r'"((?:[^"\\]|\\.)*)"', found)) for found in SAID.findall(text)}
            said |= set(re.findall(r'summary="([^"]+)"', text))
        elif path.suffix == ".html":
            said |= set(re.findall(r'\{% translate "([^"]+)"', path.read_text(encoding="utf-8")))
    catalogue = polib.pofile(str(ROOM / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"))
    known = {entry.msgid for entry in catalogue if entry.translated()}
    assert len(said) > 60
    assert said - known == set() and known - said == set()
