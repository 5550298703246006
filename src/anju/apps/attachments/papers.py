"""Whether a PDF is only paper: it is read whole, and refused where it would do something by itself or carries other files."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject

from anju.apps.attachments.refusals import Refused

MOST_PAGES = 500
MOST_OBJECTS = 100_000
DEEPEST = 60
KEYS = {"/JS": "script", "/JavaScript": "script", "/XFA": "script", "/EmbeddedFiles": "files", "/EF": "files", "/RichMedia": "media"}
ACTIONS = {
    "/JavaScript": "script", "/Launch": "launch", "/ImportData": "launch", "/SubmitForm": "launch", "/Rendition": "media", "/Movie": "media",
    "/Sound": "media", "/GoToE": "files",
}  # fmt: skip
RAW = re.compile(rb"/(JavaScript|Launch|EmbeddedFiles?|RichMedia)\b")  # long enough never to stand in packed bytes by chance
RAW_FAULTS = {b"JavaScript": "script", b"Launch": "launch", b"EmbeddedFile": "files", b"EmbeddedFiles": "files", b"RichMedia": "media"}
ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")  # /Java#53cript is /JavaScript
WHAT = {
    "script": ("contains a script", "含有脚本"), "launch": ("would start something by itself", "含有自动执行的动作"),
    "files": ("carries other files inside", "内嵌了其他文件"), "media": ("carries sound or film", "内嵌了音视频"),
}  # fmt: skip
UNREADABLE = (PyPdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError, OSError)


def pages_of(data: bytes) -> int:
    """How many pages it has. Raises Refused with every reason for which it is no plain paper."""
    if b"%%EOF" not in data.rstrip(b"\x00 \r\n\t")[-1024:]:
        raise _damaged()
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            raise Refused(
                "pdf_locked", "this PDF is locked, so nobody could read it here: print it into a new PDF without a password",
                "该 PDF 已加密，此处无法查看：请“打印为 PDF”去掉密码后上传",
            )  # fmt: skip
        found = {*_in_objects(reader), *_in_bytes(data)}
        pages = len(reader.pages)
    except Refused:
        raise
    except UNREADABLE:
        raise _damaged() from None
    if found:
        raise _active(sorted(found))
    if pages == 0:
        raise _damaged()
    if pages > MOST_PAGES:
        raise Refused(
            "too_many_pages",
            f"the PDF has {pages} pages: send at most {MOST_PAGES}, in parts",
            f"该 PDF 有 {pages} 页：请分份上传，每份不超过 {MOST_PAGES} 页",
        )
    return pages


def _damaged() -> Refused:
    return Refused("damaged", "the PDF is cut off or damaged: export or scan it again", "PDF 不完整或已损坏：请重新导出或扫描")


def _active(found: list[str]) -> Refused:
    en, zh = ", ".join(WHAT[one][0] for one in found), "、".join(WHAT[one][1] for one in found)
    return Refused(
        f"pdf_{found[0]}",
        f"this PDF {en}: print it into a new PDF, which keeps only the pages, and send that",
        f"该 PDF {zh}：请重新“打印为 PDF”（只保留页面）后上传",
    )


def _in_bytes(data: bytes) -> Iterator[str]:
    """Also where the table of objects does not lead, which a forgiving viewer may find all the same."""
    plain = ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), data)
    for match in RAW.finditer(plain):
        yield RAW_FAULTS[match[1]]


def _in_objects(reader: PdfReader) -> Iterator[str]:
    numbers = {(number, generation) for generation, table in reader.xref.items() for number in table}
    numbers |= {(number, 0) for number in reader.xref_objStm}
    if len(numbers) > MOST_OBJECTS:
        raise Refused(
            "too_many_objects",
            "the PDF is made of too many pieces: print it into a new PDF, or scan it",
            "该 PDF 结构过于复杂：请重新“打印为 PDF”或扫描",
        )
    yield from _in(reader.trailer, 0)
    for number, generation in sorted(numbers):
        if number:
            yield from _in(IndirectObject(number, generation, reader).get_object(), 0)


def _in(thing: object, depth: int) -> Iterator[str]:
    """What is itself indirect has its own turn."""
    if depth > DEEPEST:
        raise _damaged()
    if isinstance(thing, DictionaryObject):
        for key, value in thing.items():
            if key in KEYS:
                yield KEYS[key]
            if key == "/S" and isinstance(value, NameObject) and value in ACTIONS:
                yield ACTIONS[value]
            yield from _in(value, depth + 1)
    elif isinstance(thing, ArrayObject):
        for value in thing:
            yield from _in(value, depth + 1)
