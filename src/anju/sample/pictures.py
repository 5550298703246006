"""Pictures that the sample's workers attach: each its own, marked as made up, showing nobody."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw

SIZE = (480, 320)


def picture(words: str, shade: int) -> BytesIO:
    """A JPEG of a plain ground with a number in it. `shade` makes no two alike."""
    ground = (120 + shade % 90, 130 + shade // 90 % 80, 140 + shade // 7200 % 70)
    image = Image.new("RGB", SIZE, ground)
    draw = ImageDraw.Draw(image)
    draw.rectangle((24, 24, SIZE[0] - 24, SIZE[1] - 24), outline=(250, 250, 245), width=3)
    draw.text((40, 40), f"ANJU SAMPLE {words}", fill=(250, 250, 245))
    found = BytesIO()
    image.save(found, "JPEG", quality=80)
    found.seek(0)
    return found
