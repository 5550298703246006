"""Every example of docs/api.md does what the page says, over the family of these tests."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from anju.api.reference import document
from api.conftest import ROLL, Judged, token_of, told_case

pytestmark = pytest.mark.django_db
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^# [^\n]*\((\w+)\): (\d+)\n(curl [^\n]+)$", PAGE, re.MULTILINE)
FILE = ROLL.replace("dropped_out", "enrolled")  # another roll than the one of the fixture


def perform(command: str, token: str, judged: Judged, case: int) -> Any:
    for shown, meant in (
        ("$ANJU_TOKEN", token), ("$ANJU/", "http://127.0.0.1/"), ("ALERT", str(judged.alert.pk)), ("CASE", str(case)),
        ("/deliveries/1/", f"/deliveries/{judged.delivery.pk}/"), ("/runs/1/", f"/runs/{judged.run.pk}/"),  # a used database counts on
    ):  # fmt: skip
        command = command.replace(shown, meant)
    words = shlex.split(command)[1:]
    headers: dict[str, str] = {}
    method, body, url = "", b"", ""
    while words:
        word = words.pop(0)
        if word == "-H":
            name, _colon, value = words.pop(0).partition(": ")
            headers[name] = value
        elif word == "-X":
            method = words.pop(0)
        elif word == "-d":
            body = words.pop(0).encode()
        elif word == "--data-binary":
            assert words.pop(0) == "@roll.csv"
            body = FILE.encode()
        elif word == "-F":
            assert words.pop(0) == "file=@roll.csv"
            body, headers["Content-Type"] = (
                encode_multipart(BOUNDARY, {"file": SimpleUploadedFile("roll.csv", FILE.encode())}),
                MULTIPART_CONTENT,
            )
        else:
            url = word
    parts = urlsplit(url)
    kind = headers.pop("Content-Type", "")
    client = Client(HTTP_HOST="127.0.0.1", raise_request_exception=False)
    return client.generic(method or ("POST" if body else "GET"), f"{parts.path}?{parts.query}", body, kind, headers=headers)


def test_every_example_does_what_the_page_says(judged: Judged) -> None:
    assert len(EXAMPLES) > 15 and len(EXAMPLES) == PAGE.count("\ncurl ")
    case = told_case(judged).pk
    for role, status, command in EXAMPLES:
        answer = perform(command, token_of(role), judged, case)
        assert answer.status_code == int(status), (command, answer.content)


def test_every_room_of_the_interface_is_in_the_examples() -> None:
    paths = {urlsplit(word).path.replace("$ANJU", "") for _role, _status, command in EXAMPLES for word in shlex.split(command)}
    tags = {operation["tags"][0]: set[str]() for methods in document()["paths"].values() for operation in methods.values()}
    for path, methods in document()["paths"].items():
        pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", path))
        for operation in methods.values():
            tags[operation["tags"][0]] |= {one for one in paths if pattern.fullmatch(one)}
    assert {tag for tag, found in tags.items() if not found} <= {"journal", "standards"}
