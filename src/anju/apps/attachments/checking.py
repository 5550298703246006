"""What a file is, told by its content and never by its name; what is stored of a photo, and its small picture."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass

from PIL import Image, ImageOps

from anju.apps.attachments.models import DOCUMENT, PHOTO
from anju.apps.attachments.papers import pages_of
from anju.apps.attachments.refusals import Refused

MOST_BYTES = {PHOTO: 10_000_000, DOCUMENT: 20_000_000}
MOST_PIXELS = 64_000_000  # what a picture may come to when it is unpacked
LONGEST_SIDE = 2_560  # of what is stored: a page of A4 is legible
SMALL_SIDE = 320
LEAST_SIDE = 16
QUALITY = 85

FORMATS = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
HEIC = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif")
OTHERS: tuple[tuple[bytes, str, str], ...] = (
    (b"MZ", "a program", "程序文件"), (b"\x7fELF", "a program", "程序文件"),
    (b"PK\x03\x04", "a packed file or an Office document", "压缩包或办公文档"),
    (b"\xd0\xcf\x11\xe0", "an old Office document", "旧版办公文档"), (b"GIF8", "a GIF picture", "GIF 图片"),
    (b"BM", "a BMP picture", "BMP 图片"),
    (b"II*\x00", "a TIFF picture", "TIFF 图片"), (b"MM\x00*", "a TIFF picture", "TIFF 图片"), (b"Rar!", "a packed file", "压缩包"),
    (b"<", "a web page or a drawing", "网页或矢量图"),
)  # fmt: skip
BROKEN = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError, struct.error, zlib.error)


@dataclass(frozen=True, slots=True)
class Checked:
    """`content` is what is to be stored, `small` its picture (of documents there is none)."""

    kind: str
    media: str
    content: bytes
    small: bytes | None = None
    width: int | None = None
    height: int | None = None
    pages: int | None = None


def check_content(data: bytes, kind: str = "") -> Checked:
    """What is to be stored of a file that came. `kind`: what alone is wanted here, photo or document. Raises Refused."""
    found = kind_of(data)
    if kind and found != kind:
        raise _unwanted(kind)
    if len(data) > MOST_BYTES[found]:
        raise too_big(found)
    if found == DOCUMENT:
        return Checked(DOCUMENT, "application/pdf", data, pages=pages_of(data))
    return _photo(data)


def kind_of(data: bytes) -> str:
    """'photo' or 'document'. Raises Refused for everything else, by what it is."""
    if not data.strip(b"\x00 \r\n\t"):
        raise Refused("empty", "the file is empty: choose it again, or take the photo anew", "文件是空的：请重新选择，或重新拍摄")
    if data[:3] == b"\xff\xd8\xff" or data[:8] == b"\x89PNG\r\n\x1a\n" or (data[:4] == b"RIFF" and data[8:12] == b"WEBP"):
        return PHOTO
    if data[:5] == b"%PDF-":
        return DOCUMENT
    if data[4:8] == b"ftyp" and data[8:12] in HEIC:
        raise Refused(
            "heic",
            "this is a HEIC photo, which not every browser shows: on an iPhone choose Settings › Camera › Formats › Most Compatible and take it "
            "again, or send a screenshot of it",
            "这是 HEIC 照片，多数浏览器无法显示：请在 iPhone“设置 › 相机 › 格式”中选“兼容性最佳”后重拍，或上传该照片的截图",
        )
    if b"%PDF-" in data[:1024]:
        raise Refused(
            "pdf_hidden", "this PDF has something else before its beginning: print it into a new PDF and send that",
            "该 PDF 文件开头夹带其他内容：请重新“打印为 PDF”后上传",
        )  # fmt: skip
    en, zh = next(((en, zh) for mark, en, zh in OTHERS if data.lstrip()[: len(mark)] == mark), ("no photo and no PDF", "既非照片也非 PDF"))
    raise Refused(
        "other_kind",
        f"by its content this file is {en}, whatever its name says: send photos as JPEG, PNG or WebP, and papers as PDF",
        f"按内容判断，该文件是{zh}（与文件名无关）：照片请用 JPEG、PNG 或 WebP，材料请用 PDF",
    )


def _unwanted(kind: str) -> Refused:
    if kind == PHOTO:
        return Refused(
            "not_a_photo", "a photo is wanted here, and this is a PDF: take a picture of the page", "此处需要照片，而这是 PDF：请拍照上传"
        )
    return Refused(
        "not_a_document", "a PDF is wanted here, and this is a photo: scan it into a PDF, as every phone's scanner does",
        "此处需要 PDF，而这是照片：请用手机扫描功能存为 PDF",
    )  # fmt: skip


def too_big(kind: str) -> Refused:
    most = MOST_BYTES[kind] // 1_000_000
    en, zh = (
        ("choose a smaller picture size in the camera, or send a screenshot of it", "请在相机中选较小尺寸，或上传截图") if kind == PHOTO
        else ("send it in parts, or scan it in grey and at 200 dpi", "请分成几份，或以 200 dpi 灰度扫描")
    )  # fmt: skip
    return Refused("too_big", f"the file is larger than {most} MB: {en}", f"文件超过 {most} MB：{zh}")


def _photo(data: bytes) -> Checked:
    bomb = Refused(
        "too_many_pixels", f"the picture has more than {MOST_PIXELS // 1_000_000} million pixels: choose a smaller picture size in the camera",
        f"图片超过 {MOST_PIXELS // 10_000} 万像素：请在相机中选较小尺寸",
    )  # fmt: skip
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as probe:
            width, height = probe.size
            if width * height > MOST_PIXELS:
                raise bomb
            if min(width, height) < LEAST_SIDE:
                raise Refused(
                    "too_small", "the picture is too small to show anything: send the photo itself", "图片过小，看不清内容：请上传原照片"
                )
            if probe.format != "MPO" and getattr(probe, "n_frames", 1) > 1:
                raise Refused("moving", "this picture moves: send a single photo of it", "这是动图：请上传单张照片")
            probe.verify()
        return _written_anew(data)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise bomb from None
    except Refused:
        raise
    except BROKEN:
        raise Refused(
            "damaged", "the picture is cut off or damaged: choose it again; if that does not help, take it anew",
            "图片不完整或已损坏：请重新选择，仍不行请重拍",
        ) from None  # fmt: skip


def _written_anew(data: bytes) -> Checked:
    """Every pixel is decoded, and nothing but pixels goes on: no place, no device, nothing that hides behind the picture."""
    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as opened:
        media = FORMATS[str(opened.format)]
        if media == "image/jpeg":
            opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # decoded at the next size above, which costs a fraction
        opened.load()
        picture = ImageOps.exif_transpose(opened)
    clear = "A" in picture.getbands() or "transparency" in picture.info
    wanted = "RGBA" if clear and media != "image/jpeg" else "L" if picture.mode in ("L", "1") else "RGB"
    plain = Image.new(wanted, picture.size)
    plain.paste(picture.convert(wanted))
    plain.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    small = plain.copy()
    small.thumbnail((SMALL_SIDE, SMALL_SIDE), Image.Resampling.LANCZOS)
    return Checked(PHOTO, media, _bytes(plain, media), _bytes(small, "image/webp"), plain.width, plain.height)


def _bytes(picture: Image.Image, media: str) -> bytes:
    out = io.BytesIO()
    if media == "image/png":
        picture.save(out, "PNG")
    else:
        picture.save(out, "JPEG" if media == "image/jpeg" else "WEBP", quality=QUALITY)
    return out.getvalue()
