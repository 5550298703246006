"""Files as they come: good ones, and one for each fault, named by it."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable

from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, StreamObject, TextStringObject

GPS = 0x8825


def picture(width: int = 640, height: int = 480, seed: int = 1) -> Image.Image:
    """A gradient with noise, so that no two seeds are alike and nothing packs to nothing."""
    noise = random.Random(seed)
    small = Image.new("RGB", (32, 24))
    small.putdata([(noise.randrange(256), noise.randrange(256), noise.randrange(256)) for _ in range(32 * 24)])
    return small.resize((width, height), Image.Resampling.BICUBIC)


def photo(form: str = "JPEG", *, width: int = 640, height: int = 480, seed: int = 1, **more: object) -> bytes:
    out = io.BytesIO()
    picture(width, height, seed).save(out, form, **more)
    return out.getvalue()


def photo_of_a_place(orientation: int = 6) -> bytes:
    """As a phone makes it: where it was, which phone, and lying on its side."""
    exif = Image.Exif()
    exif[0x0110], exif[0x0112] = "Phone of Luo", orientation
    exif.get_ifd(GPS).update({1: "N", 2: (25.0, 5.0, 12.0), 3: "E", 4: (104.0, 53.0, 48.0)})
    return photo(exif=exif)


def paper(pages: int = 2, change: Callable[[PdfWriter], object] | None = None) -> bytes:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(595, 842)
    if change is not None:
        change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def packed(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("hidden.txt", data)
    return out.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    """A few hundred bytes that say they are a huge picture."""
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + png_chunk(b"IDAT", zlib.compress(b"\0" * 5_000)) + png_chunk(b"IEND", b"")


def launching(writer: PdfWriter) -> None:
    action = DictionaryObject({NameObject("/S"): NameObject("/Launch"), NameObject("/F"): TextStringObject("calc.exe")})
    writer.root_object[NameObject("/OpenAction")] = action


def scripted(writer: PdfWriter) -> None:
    action = DictionaryObject({NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")})
    writer.root_object[NameObject("/OpenAction")] = writer._add_object(action)


def in_object_stream() -> bytes:
    """The objects of a PDF moved into one compressed stream, with a cross-reference stream in place of the table: nothing is to be
    found by looking at the bytes."""
    action = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
    catalog = b"<< /Type /Catalog /Pages 2 0 R /OpenAction 5 0 R >>"
    pages = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"
    objects = {1: catalog, 2: pages, 3: page, 5: action}
    index, body = b"", b""
    for number, text in objects.items():
        index += b"%d %d " % (number, len(body))
        body += text + b"\n"
    inner = zlib.compress(index + body)
    out = b"%PDF-1.7\n"
    at_stream = len(out)
    out += b"4 0 obj\n<< /Type /ObjStm /N %d /First %d /Filter /FlateDecode /Length %d >>\nstream\n" % (len(objects), len(index), len(inner))
    out += inner + b"\nendstream\nendobj\n"
    at_table = len(out)
    rows = [struct.pack(">BIH", 0, 0, 65535)]
    places = {number: nth for nth, number in enumerate(objects)}
    for number in range(1, 7):
        if number in places:
            rows.append(struct.pack(">BIH", 2, 4, places[number]))
        elif number == 4:
            rows.append(struct.pack(">BIH", 1, at_stream, 0))
        else:
            rows.append(struct.pack(">BIH", 1, at_table, 0))
    table = zlib.compress(b"".join(rows))
    out += b"6 0 obj\n<< /Type /XRef /Size 7 /W [1 4 2] /Root 1 0 R /Filter /FlateDecode /Length %d >>\nstream\n" % len(table)
    return out + table + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % at_table


def with_form_script(writer: PdfWriter) -> None:
    form = DictionaryObject({NameObject("/Fields"): ArrayObject(), NameObject("/XFA"): StreamObject(), NameObject("/SigFlags"): NumberObject(0)})
    writer.root_object[NameObject("/AcroForm")] = form


def locked(writer: PdfWriter) -> None:
    writer.encrypt("secret", algorithm="RC4-128")


def moving() -> bytes:
    out = io.BytesIO()
    first, second = picture(seed=1), picture(seed=2)
    first.save(out, "WEBP", save_all=True, append_images=[second])
    return out.getvalue()


JPEG, PAPER = photo(), paper()

FAULTS: dict[str, tuple[bytes, str]] = {
    "zero_bytes.jpg": (b"", "empty"),
    "only_zeros.jpg": (b"\0" * 5_000, "empty"),
    "program.jpg": (b"MZ\x90\x00" + b"\0" * 500, "other_kind"),
    "program_of_linux.png": (b"\x7fELF" + b"\0" * 500, "other_kind"),
    "workbook.pdf": (packed(b"a" * 100), "other_kind"),
    "old_word.pdf": (b"\xd0\xcf\x11\xe0" + b"\0" * 500, "other_kind"),
    "page.jpg": (b"\n<!DOCTYPE html><script>alert(1)</script>", "other_kind"),
    "drawing_with_script.png": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "other_kind"),
    "moving.gif": (photo("GIF"), "other_kind"),
    "plain_text.jpg": ("情况说明".encode(), "other_kind"),
    "from_an_iphone.heic": (b"\0\0\0\x18ftypheic" + b"\0" * 500, "heic"),
    "avif.jpg": (b"\0\0\0\x18ftypavif" + b"\0" * 500, "heic"),
    "moving.webp": (moving(), "moving"),
    "truncated.jpg": (JPEG[: len(JPEG) // 2], "damaged"),
    "truncated.png": (photo("PNG")[:-200], "damaged"),
    "truncated.webp": (photo("WEBP")[:600], "damaged"),
    "only_a_beginning.jpg": (b"\xff\xd8\xff\xe0" + b"\0" * 200, "damaged"),
    "overwritten_inside.png": (photo("PNG")[:2_000] + b"\0" * 4_000 + photo("PNG")[6_000:], "damaged"),
    "bomb_that_pillow_knows.png": (bomb(60_000, 60_000), "too_many_pixels"),
    "bomb_below_that.png": (bomb(9_000, 8_000), "too_many_pixels"),
    "one_pixel.png": (photo("PNG", width=1, height=1), "too_small"),
    "too_big.jpg": (JPEG + b"\0" * 10_000_000, "too_big"),
    "too_big_for_anything.pdf": (PAPER + b"\0" * 20_000_001, "too_big"),
    "truncated.pdf": (PAPER[: len(PAPER) // 2], "damaged"),
    "only_a_beginning.pdf": (b"%PDF-1.7\n%%EOF", "damaged"),
    "without_pages.pdf": (paper(0), "damaged"),
    "photo_then_paper.pdf": (b"GIF89a" + PAPER, "pdf_hidden"),
    "packed_behind_the_end.pdf": (PAPER + packed(b"a" * 2_000), "damaged"),
    "script.pdf": (paper(change=scripted), "pdf_script"),
    "script_written_otherwise.pdf": (paper(change=scripted).replace(b"/JavaScript", b"/Java#53cript"), "pdf_script"),
    "script_in_a_packed_object.pdf": (in_object_stream(), "pdf_script"),
    "form_script.pdf": (paper(change=with_form_script), "pdf_script"),
    "file_inside.pdf": (paper(change=lambda w: w.add_attachment("a.exe", b"MZ")), "pdf_files"),
    "launch.pdf": (paper(change=launching), "pdf_launch"),
    "locked.pdf": (paper(change=locked), "pdf_locked"),
    "501_pages.pdf": (paper(501), "too_many_pages"),
}
