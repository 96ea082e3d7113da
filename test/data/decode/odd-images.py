#!/usr/bin/python3
"""Makes odd-images/ for odd-images.test.ts.

    odd-images.py write   writes the images and, into odd-images/rgb/, what Pillow shows
    odd-images.py check   fails where the Pillow of this machine shows something else

Needs Pillow and NumPy; made with Pillow 9.4.
"""
import io
import re
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from odd_formats import encode, make_animations, make_bmps, make_gifs, make_pnms, make_tiffs

HERE = Path(__file__).parent / "odd-images"
# Of these any part is refused.
CUT = ["plain.jpg", "progressive.jpg", "cmyk.jpg", "rgba.png", "rgb-16.png", "lossy.webp"]
WIDTH, HEIGHT = 40, 24


def levels(width=WIDTH, height=HEIGHT):
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / 9 + 1), np.cos(y / 7 + x / 30), np.sin((x + 2 * y) / 11)]
    return np.stack([127.5 + 110 * wave for wave in waves], -1).astype(np.uint8)


def png(bits, colour, samples, extra=b""):
    """A PNG of 16 bits, which Pillow writes only in part."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width = samples.shape[:2]
    rows = samples.astype(">u2").reshape(height, -1)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    parts = chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def transparency(value):
    data = b"tRNS" + struct.pack(">H", value)
    return struct.pack(">I", 2) + data + struct.pack(">I", zlib.crc32(data))


def segments(jpeg):
    """The segments before the scan, and the rest."""
    at, parts = 2, []
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
        parts.append(jpeg[at:end])
        at = end
    return parts, jpeg[at:]


def without(jpeg, marker):
    parts, rest = segments(jpeg)
    return b"\xff\xd8" + b"".join(p for p in parts if p[1] != marker) + rest


def adobe(transform):
    return b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform])


def claiming(jpeg, width, height):
    """The same file with another size in its header."""
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack(">HH", height, width) + jpeg[at + 4 :]


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


def make_jpegs(rgb, grey):
    jpeg = encode(rgb, "JPEG", quality=90)
    cmyk = encode(rgb.convert("CMYK"), "JPEG", quality=90)
    plain = without(cmyk, 0xEE)
    scan = jpeg.index(b"\xff\xda")
    yield "plain.jpg", jpeg
    yield "444.jpg", encode(rgb, "JPEG", quality=90, subsampling=0)
    yield "grey.jpg", encode(grey, "JPEG", quality=90)
    yield "progressive.jpg", encode(rgb, "JPEG", quality=90, progressive=True)
    yield "cmyk.jpg", cmyk
    yield "cmyk-progressive.jpg", encode(rgb.convert("CMYK"), "JPEG", quality=90, progressive=True)
    yield "cmyk-without-adobe.jpg", plain
    yield "ycck.jpg", b"\xff\xd8" + adobe(2) + plain[2:]
    yield "rgb.jpg", b"\xff\xd8" + adobe(0) + without(jpeg, 0xE0)[2:]
    yield "bytes-before-marker.jpg", jpeg[:scan] + b"\x00\x00" + jpeg[scan:]
    yield "bytes-after-end.jpg", jpeg + b"more"
    yield "without-end.jpg", jpeg[:-2]
    yield "bomb.jpg", claiming(jpeg, 65000, 65000)
    yield "one.jpg", encode(rgb.crop((0, 0, 1, 1)), "JPEG")
    yield "wide.jpg", encode(Image.fromarray(levels(20000, 1)), "JPEG")
    yield "png-content.JPEG", encode(rgb, "PNG")
    yield "webp-content.jpg", encode(rgb, "WEBP", lossless=True)
    yield "gif-content.jpg", encode(rgb, "GIF")
    yield "gif-transparent.jpg", encode(rgb.quantize(16), "GIF", transparency=3)
    yield "tiff-content.jpg", encode(rgb, "TIFF")
    yield "text.jpg", b"This is no image.\n"
    yield "svg.jpg", b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'
    yield "empty.jpg", b""
    yield "zeros.jpg", bytes(1000)
    for orientation in range(1, 9):
        yield f"turned-{orientation}.jpg", encode(rgb, "JPEG", quality=90, exif=exif(orientation))


def make_others(rgb, grey):
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    alpha = Image.fromarray((x * 6 % 256).astype(np.uint8))
    rgba, la = rgb.copy(), grey.copy()
    rgba.putalpha(alpha)
    la.putalpha(alpha)
    deep = (levels().astype(np.uint32) * 257 + x[..., None] * 13 + y[..., None]) % 65536
    deep_alpha = np.dstack([deep, x * 1000])
    dark = np.where(x < 20, x * 17, deep[..., 0])
    yield "jpeg-content.png", encode(rgb, "JPEG", quality=90)
    yield "rgba.png", encode(rgba, "PNG")
    yield "grey-alpha.png", encode(la, "PNG")
    yield "palette.png", encode(rgb.quantize(16), "PNG")
    yield "palette-transparent.png", encode(rgb.quantize(16), "PNG", transparency=3)
    yield "palette-bits.png", encode(rgb.quantize(4), "PNG", bits=2)
    yield "grey-transparent.png", encode(grey, "PNG", transparency=100)
    yield "rgb-transparent.png", encode(rgb, "PNG", transparency=(9, 8, 7))
    yield "one-bit.png", encode(grey.convert("1"), "PNG")
    yield "grey-16.png", png(16, 0, dark)
    yield "grey-16-transparent.png", png(16, 0, dark, transparency(51))
    yield "rgb-16.png", png(16, 2, deep)
    yield "grey-alpha-16.png", png(16, 4, deep_alpha[..., [0, 3]])
    yield "rgba-16.png", png(16, 6, deep_alpha)
    yield "one.png", encode(rgb.crop((0, 0, 1, 1)), "PNG")
    yield "tall.png", encode(Image.fromarray(levels(1, 20000)), "PNG")
    yield "turned-6.png", encode(rgb, "PNG", exif=exif(6))
    huge = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    small = encode(rgb, "PNG")
    crc = struct.pack(">I", zlib.crc32(b"IHDR" + huge))
    yield "bomb.png", small[:16] + huge + crc + small[33:]
    yield "lossy.webp", encode(rgb, "WEBP", quality=90)
    yield "rgba.webp", encode(rgba, "WEBP", lossless=True, exact=True)
    yield "turned-8.webp", encode(rgb, "WEBP", lossless=True, exif=exif(8))


def write():
    rgb = Image.fromarray(levels())
    grey = Image.fromarray(levels()[..., 0])
    (HERE / "rgb").mkdir(parents=True, exist_ok=True)
    kinds = [make_jpegs, make_others, make_gifs, make_bmps, make_pnms, make_tiffs, make_animations]
    for name, content in (made for kind in kinds for made in kind(rgb, grey)):
        (HERE / name).write_bytes(content)
        for golden, image in look(HERE / name).items():
            image.save(golden, optimize=True)


def look(file):
    """What Pillow shows, by the names of the goldens: upright only where that differs."""
    try:
        image = Image.open(file)
        plain = image.convert("RGB")
        # It turns TIFFs upright itself, and 9.4 would turn them once more.
        upright = plain if image.format == "TIFF" else ImageOps.exif_transpose(image).convert("RGB")
    except Exception:
        return {}
    golden = HERE / "rgb" / f"{file.name}.png"
    if (upright.size, upright.tobytes()) == (plain.size, plain.tobytes()):
        return {golden: plain}
    return {golden: plain, golden.with_suffix(".upright.png"): upright}


def check():
    files = [file for file in HERE.iterdir() if file.is_file()]
    shown = {golden: image for file in files for golden, image in look(file).items()}
    assert shown.keys() == set((HERE / "rgb").iterdir()), "another set of images is shown"
    for golden, image in shown.items():
        expected = Image.open(golden)
        assert image.size == expected.size, golden
        # Versions of libjpeg and libwebp round differently.
        off = np.abs(np.asarray(image, int) - np.asarray(expected, int)).mean()
        assert off <= (1 if re.search("jpe?g|lossy", golden.name) else 0), golden
    for name in CUT:
        content = (HERE / name).read_bytes()
        for tenth in range(10):
            try:
                Image.open(io.BytesIO(content[: len(content) * tenth // 10])).convert("RGB")
            except Exception:
                continue
            raise AssertionError(f"{tenth} tenths of {name} are shown")


{"write": write, "check": check}[sys.argv[1]]()
