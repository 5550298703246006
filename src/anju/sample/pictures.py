"""Pictures that the sample's workers attach: drawn, each its own, marked as made up (示例), showing things and nobody."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

from PIL import Image, ImageDraw

SIZE = (480, 320)
Colour = tuple[int, int, int]
Draw = ImageDraw.ImageDraw
INK, PAPER, RED, GLASS = (52, 60, 66), (250, 248, 242), (176, 58, 46), (168, 204, 218)
WALLS: tuple[Colour, ...] = ((226, 208, 178), (214, 196, 204), (200, 214, 196), (220, 214, 200), (196, 208, 220), (230, 220, 190))
ROOFS: tuple[Colour, ...] = ((150, 84, 66), (96, 110, 124), (128, 96, 72), (104, 76, 88))
# 示 and 例 of sixteen rows by sixteen points: no font need be there
MARK = (
    (0x0000, 0x3FFC, 0x0000, 0x0000, 0x0000, 0x7FFE, 0x0180, 0x0180, 0x0180, 0x1998, 0x1188, 0x318C, 0x2184, 0x6186, 0x0180, 0x0780),
    (0x1002, 0x17C2, 0x1312, 0x3212, 0x2212, 0x63D2, 0x6652, 0x64D2, 0x2CD2, 0x2A92, 0x2192, 0x2192, 0x2102, 0x2302, 0x2606, 0x0000),
)


def picture(number: int, shade: int, standard: str = "") -> BytesIO:
    """A JPEG of what a measure about this standard might show. `number` stands in it; with `shade` no two are alike."""
    image = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(image)
    _scene(standard)(draw, shade)
    draw.rectangle((0, 292, SIZE[0], SIZE[1]), fill=INK)
    _mark(draw, 12, 298)
    draw.text((56, 301), f"ANJU SAMPLE, made up, no. {number}-{shade}", fill=PAPER)
    found = BytesIO()
    image.save(found, "JPEG", quality=80)
    found.seek(0)
    return found


def _scene(standard: str) -> Callable[[Draw, int], None]:
    by_standard = {"HS-04": _tap, "EM-05": _workshop, "CG-02": _road}
    return by_standard.get(standard) or {"HS": _house, "ED": _school, "EM": _workshop, "CU": _road, "CG": _road}.get(standard[:2], _paper)


def _mark(draw: Draw, left: int, top: int) -> None:
    for n, rows in enumerate(MARK):
        for y, row in enumerate(rows):
            for x in range(16):
                if row >> (15 - x) & 1:
                    draw.point((left + n * 18 + x, top + y), fill=PAPER)


def _outside(draw: Draw, shade: int) -> None:
    """Sky, two hills of the karst and the ground."""
    sky = (176 + shade % 40, 208 + shade % 24, 226 + shade % 20)
    draw.rectangle((0, 0, SIZE[0], 220), fill=sky)
    at = 40 + shade * 13 % 220
    draw.ellipse((at - 90, 110, at + 130, 360), fill=(128, 156, 128))
    draw.ellipse((at + 90, 140, at + 330, 400), fill=(146, 170, 140))
    draw.rectangle((0, 220, SIZE[0], SIZE[1]), fill=(188, 184, 168))


def _windows(draw: Draw, left: int, top: int, columns: int, rows: int, step: int) -> None:
    for x in range(columns):
        for y in range(rows):
            draw.rectangle((left + x * step, top + y * 44, left + x * step + 26, top + y * 44 + 28), fill=GLASS, outline=INK)


def _house(draw: Draw, shade: int) -> None:
    _outside(draw, shade)
    left, wide = 120 + shade % 60, 200 + shade % 40
    draw.rectangle((left, 130, left + wide, 270), fill=WALLS[shade % len(WALLS)], outline=INK, width=2)
    draw.polygon(((left - 20, 132), (left + wide // 2, 62), (left + wide + 20, 132)), fill=ROOFS[shade // 7 % len(ROOFS)], outline=INK)
    draw.rectangle((left + wide // 2 - 18, 196, left + wide // 2 + 18, 270), fill=(112, 82, 60), outline=INK)
    _windows(draw, left + 22, 156, 1, 1, 60)
    _windows(draw, left + wide - 50, 156, 1, 1, 60)


def _school(draw: Draw, shade: int) -> None:
    _outside(draw, shade)
    draw.rectangle((90, 110, 400, 270), fill=WALLS[shade % len(WALLS)], outline=INK, width=2)
    draw.rectangle((90, 96, 400, 112), fill=ROOFS[shade // 5 % len(ROOFS)])
    _windows(draw, 112, 128, 6, 2, 46)
    draw.rectangle((226, 214, 264, 270), fill=(112, 82, 60), outline=INK)
    pole = 40 + shade % 24
    draw.line((pole, 60, pole, 270), fill=INK, width=3)
    draw.rectangle((pole, 62, pole + 40, 88), fill=RED)


def _road(draw: Draw, shade: int) -> None:
    _outside(draw, shade)
    bend = shade % 80 - 40
    draw.polygon(((200 + bend, 200), (280 + bend, 200), (430, 292), (50, 292)), fill=(98, 102, 106))
    for n in range(5):
        y = 206 + n * n * 4 + n * 2
        draw.line((240 + bend * (5 - n) // 5, y, 240 + bend * (4 - n) // 5, y + 5 + n * 2), fill=PAPER, width=2 + n)
    draw.line((396, 120, 396, 250), fill=INK, width=5)
    draw.polygon(((356, 118), (396, 104), (436, 118)), fill=(236, 206, 120), outline=INK)


def _tap(draw: Draw, shade: int) -> None:
    for x in range(0, SIZE[0], 48):
        for y in range(0, 220, 44):
            tone = 214 + (x + y + shade) % 5 * 6
            draw.rectangle((x, y, x + 48, y + 44), fill=(tone, tone + 4, tone + 6), outline=(190, 198, 200))
    draw.rectangle((0, 220, SIZE[0], SIZE[1]), fill=WALLS[shade % len(WALLS)])
    draw.ellipse((120, 214, 360, 290), fill=(236, 238, 238), outline=INK, width=2)
    draw.rectangle((190, 66, 214, 112), fill=(150, 158, 164), outline=INK)
    draw.rectangle((160, 54, 244, 68), fill=(120, 128, 134), outline=INK)
    draw.rectangle((190, 96, 290, 118), fill=(150, 158, 164), outline=INK)
    draw.rectangle((272, 110, 294, 150), fill=(150, 158, 164), outline=INK)
    draw.rectangle((277, 152, 289, 222 + shade % 12), fill=(150, 200, 226))


def _workshop(draw: Draw, shade: int) -> None:
    _outside(draw, shade)
    wall = WALLS[shade % len(WALLS)]
    draw.rectangle((70, 150, 410, 270), fill=wall, outline=INK, width=2)
    for n in range(4):
        left = 70 + n * 85
        draw.polygon(((left, 150), (left, 100), (left + 85, 150)), fill=ROOFS[(shade + n) % len(ROOFS)], outline=INK)
    _windows(draw, 92, 176, 4, 1, 54)
    draw.rectangle((318, 188, 384, 270), fill=(128, 136, 140), outline=INK)
    for y in range(196, 268, 12):
        draw.line((320, y, 382, y), fill=INK)


def _paper(draw: Draw, shade: int) -> None:
    """A certificate on a table, with lines instead of words and a seal."""
    draw.rectangle((0, 0, *SIZE), fill=(168 + shade % 24, 142 + shade % 16, 112))
    left = 90 + shade % 40
    draw.rectangle((left + 6, 30, left + 286, 286), fill=(132, 108, 84))
    draw.rectangle((left, 22, left + 280, 280), fill=PAPER, outline=(200, 196, 186))
    draw.rectangle((left + 70, 44, left + 210, 58), fill=INK)
    for n in range(8):
        draw.rectangle((left + 30, 82 + n * 20, left + 250 - (n * 37 + shade * 11) % 90, 88 + n * 20), fill=(186, 188, 190))
    draw.ellipse((left + 176, 186, left + 256, 266), outline=RED, width=4)
    draw.regular_polygon((left + 216, 226, 14), 5, fill=RED)
