"""Images in the formats that torchvision's ImageFolder reads beside JPEG, PNG and WebP, for odd-images.py."""
import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps


def encode(image, form, **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def make_gifs(rgb, grey):
    palette = rgb.quantize(64)
    others = [ImageOps.invert(rgb).quantize(64), rgb.quantize(9)]
    still = encode(rgb.quantize(17), "GIF", transparency=3)
    yield "animated.gif", encode(palette, "GIF", save_all=True, append_images=others, duration=90)
    yield "animated-transparent.gif", encode(
        rgb.quantize(17), "GIF", save_all=True, append_images=others, transparency=2, disposal=2
    )
    yield "transparent.gif", still
    yield "grey.gif", encode(grey, "GIF")
    yield "two-colours.gif", encode(grey.convert("1"), "GIF")
    yield "interlaced.gif", encode(palette, "GIF", interlace=1)
    yield "straight.gif", encode(palette, "GIF", interlace=0)
    noise = np.random.default_rng(0).integers(0, 256, (90, 110), dtype=np.uint8)
    yield "full-table.gif", encode(Image.fromarray(noise).quantize(200), "GIF")
    yield "small-frame.gif", on_screen(encode(palette.crop((0, 0, 9, 7)), "GIF"), 20, 16, 5, 3)
    yield "small-transparent-frame.gif", on_screen(still, 60, 40, 11, 9)
    yield "wide-frame.gif", on_screen(encode(palette, "GIF"), 20, 16, 5, 3)
    yield "early-end.gif", encode(palette, "GIF")[:-200]
    yield "one.gif", encode(palette.crop((3, 3, 4, 4)), "GIF")
    yield "gif-content.bmp", still


def on_screen(gif, width, height, left, top):
    """The same frame at a place on a screen of another size."""
    at = 13 + (3 << ((gif[10] & 7) + 1) if gif[10] & 128 else 0)
    while gif[at] == 0x21:
        at += 2
        while gif[at]:
            at += 1 + gif[at]
        at += 1
    assert gif[at] == 0x2C
    frame = gif[at : at + 1] + struct.pack("<HH", left, top) + gif[at + 5 :]
    return gif[:6] + struct.pack("<HH", width, height) + gif[10:at] + frame


def bmp(width, height, bits, data, compression=0, masks=b"", palette=b"", header=40):
    extra = masks + bytes(header - 40 - len(masks)) if header > 40 else masks
    colours = len(palette) // 4
    offset = 14 + 40 + len(extra) + len(palette)
    head = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, len(data), 0, 0, colours, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + head + extra + palette + data


def os2(width, height, bits, data, palette):
    offset = 26 + len(palette)
    head = struct.pack("<IHHHH", 12, width, height, 1, bits)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + head + palette + data


def rows(samples, bits):
    """Lines from the lowest to the highest, each of whole words."""
    lines = []
    for line in samples[::-1]:
        if bits < 8:
            digits = "".join(format(index, f"0{bits}b") for index in line)
            data = bytes(int(digits[i : i + 8].ljust(8, "0"), 2) for i in range(0, len(digits), 8))
        else:
            data = line.astype(f"<u{bits // 8}").tobytes()
        lines.append(data + bytes(-len(data) % 4))
    return b"".join(lines)


def masks(*values):
    return struct.pack("<" + "I" * len(values), *values)


def make_bmps(rgb, grey):
    array = np.asarray(rgb).astype(np.uint32)[:, :37]
    height, width = array.shape[:2]
    red, green, blue = array[..., 0], array[..., 1], array[..., 2]
    five = (red >> 3 << 10) | (green >> 3 << 5) | blue >> 3
    six = (red >> 3 << 11) | (green >> 2 << 5) | blue >> 3
    alpha = (red << 24) | (red << 16) | (green << 8) | blue
    indices = (red >> 4).astype(np.uint8)
    colours = bytes(np.random.default_rng(1).integers(0, 256, 64, dtype=np.uint8))
    triples = b"".join(colours[i : i + 3] for i in range(0, 64, 4))
    yield "rgb.bmp", encode(rgb, "BMP")
    yield "rgba.bmp", encode(Image.merge("RGBA", [*rgb.split(), grey]), "BMP")
    yield "grey.bmp", encode(grey, "BMP")
    yield "palette.bmp", encode(rgb.quantize(16), "BMP")
    yield "one-bit.bmp", encode(grey.convert("1"), "BMP")
    yield "one.bmp", encode(rgb.crop((0, 0, 1, 1)), "BMP")
    yield "two-colours.bmp", bmp(width, height, 1, rows(indices >> 3, 1), palette=colours[:8])
    yield "four-bit.bmp", bmp(width, height, 4, rows(indices, 4), palette=colours)
    yield "few-colours.bmp", bmp(width, height, 8, rows(indices, 8), palette=colours[:40])
    yield "top-down.bmp", bmp(width, -height, 4, rows(indices[::-1], 4), palette=colours)
    yield "sixteen-bit.bmp", bmp(width, height, 16, rows(five, 16))
    yield "sixteen-bit-masks.bmp", bmp(width, height, 16, rows(six, 16), 3, masks(0xF800, 0x7E0, 0x1F))
    yield "thirty-two-bit.bmp", bmp(width, height, 32, rows(alpha, 32))
    yield "top-down-colours.bmp", bmp(width, -height, 32, rows(alpha[::-1], 32))
    turned = masks(0xFF, 0xFF00, 0xFF0000, 0xFF000000)
    yield "masks-in-header.bmp", bmp(width, height, 32, rows(alpha, 32), 3, turned, header=124)
    high = masks(0xFF000000, 0xFF0000, 0xFF00)
    yield "high-masks.bmp", bmp(width, height, 32, rows(alpha, 32), 3, high)
    yield "os2.bmp", os2(width, height, 4, rows(indices, 4), triples)
    yield "os2-colours.bmp", os2(40, 24, 24, encode(rgb, "BMP")[54:], b"")
    yield "run-lengths.bmp", bmp(width, height, 8, run_lengths(indices[::-1]), 1, palette=colours)
    yield "run-lengths-top-down.bmp", bmp(width, -height, 8, run_lengths(indices), 1, palette=colours)
    yield "run-lengths-4.bmp", bmp(width, height, 4, run_lengths_4(indices[::-1]), 2, palette=colours)
    whole = encode(rgb, "BMP")
    yield "cut.bmp", whole[:-300]
    yield "header-cut.bmp", whole[:40]
    yield "run-lengths-cut.bmp", bmp(width, height, 8, run_lengths(indices)[:99], 1, palette=colours)
    yield "jpeg-inside.bmp", bmp(width, height, 24, rows(red, 8), 4)
    yield "bomb.bmp", bmp(65000, 65000, 24, b"")
    yield "bmp-content.jpg", whole


def run_lengths(indices):
    data = b""
    for line in indices:
        # Verbatim, then runs.
        data += bytes([0, 5, *line[:5], 0])
        for index in line[5:]:
            data += bytes([1, index])
        data += b"\0\0"
    return data + b"\0\1"


def run_lengths_4(indices):
    data = b""
    for line in indices:
        pairs = [line[i] << 4 | line[i + 1] for i in range(0, 6, 2)]
        data += bytes([0, 6, *pairs, 0]) + bytes([31, line[6] << 4 | line[7]]) + b"\0\0"
    return data + b"\0\1"


def make_pnms(rgb, grey):
    array, levels = np.asarray(rgb), np.asarray(grey)
    height, width = levels.shape
    size = f"{width} {height}\n".encode()
    deep = levels.astype(np.uint32) * 257 + np.arange(width)
    text = lambda samples: " ".join(str(value) for value in samples.ravel()).encode()
    yield "rgb.ppm", encode(rgb, "PPM")
    yield "grey.pgm", encode(grey, "PPM")
    yield "bits.pbm", encode(grey.convert("1").crop((0, 0, 37, 24)), "PPM")
    yield "comment.ppm", b"P6\n# made by hand\n" + size + b"# white\n255\n" + array.tobytes()
    yield "few-levels.pgm", b"P5 " + size + b"100\n" + (levels % 101).tobytes()
    yield "few-levels.ppm", b"P6 " + size + b"31\n" + (array >> 3).tobytes()
    yield "deep.pgm", b"P5 " + size + b"65535\n" + (deep % 600).astype(">u2").tobytes()
    yield "ten-bit.pgm", b"P5 " + size + b"1023\n" + (deep % 1024).astype(">u2").tobytes()
    yield "deep.ppm", b"P6 " + size + b"65535\n" + (array.astype(">u2") * 257).tobytes()
    yield "ten-bit.ppm", b"P6 " + size + b"1023\n" + (array.astype(">u2") * 4).tobytes()
    yield "text.ppm", b"P3\n" + size + b"255\n" + text(array) + b"\n"
    yield "text.pgm", b"P2\n" + size + b"# levels\n9\n" + text(levels % 10) + b"\n"
    yield "text-deep.pgm", b"P2\n" + size + b"2000\n" + text(deep % 2001) + b"\n"
    digits = "".join(str(value & 1) for value in levels.ravel())
    yield "text.pbm", b"P1\n" + size + digits[:500].encode() + b"\n" + digits[500:].encode()
    yield "one.ppm", encode(rgb.crop((0, 0, 1, 1)), "PPM")
    yield "cut.ppm", encode(rgb, "PPM")[:-10]
    yield "too-high.pgm", b"P2\n" + size + b"9\n" + text(levels)
    yield "bomb.pgm", b"P5 65000 65000 255\n"
    yield "pgm-content.png", encode(grey, "PPM")


class Tiff:
    """A TIFF of one page in either byte order, in strips or tiles, raw or deflated."""

    def __init__(self, order="<", big=False):
        self.order, self.big, self.tags = order, big, {}

    def tag(self, number, kind, *values):
        self.tags[number] = (kind, values)
        return self

    def file(self, pieces, tile=None, extra_tags=()):
        word, count, start = ("Q", "Q", 16) if self.big else ("I", "H", 8)
        offsets, at = [], start
        for piece in pieces:
            offsets.append(at)
            at += len(piece)
        kind = 16 if self.big else 4
        self.tag(324 if tile else 273, kind, *offsets)
        self.tag(325 if tile else 279, kind, *map(len, pieces))
        if tile:
            self.tag(322, 3, tile[0]).tag(323, 3, tile[1])
        pad = at % 2
        ifd = at + pad
        order = self.order
        size = {1: "B", 3: "H", 4: "I", 12: "d", 16: "Q"}
        entries, more = b"", b""
        head = len(self.tags) * (20 if self.big else 12) + (16 if self.big else 6)
        for number, (kind, values) in sorted(self.tags.items()):
            data = struct.pack(order + size[kind] * len(values), *values)
            room = 8 if self.big else 4
            if len(data) > room:
                place = struct.pack(order + word, ifd + head + len(more))
                more += data + bytes(len(data) % 2)
                data = place
            entries += struct.pack(order + "HH" + word, number, kind, len(values)) + data.ljust(room, b"\0")
        mark = b"II" if order == "<" else b"MM"
        first = mark + (
            struct.pack(order + "HHHQ", 43, 8, 0, ifd) if self.big else struct.pack(order + "HI", 42, ifd)
        )
        directory = struct.pack(order + count, len(self.tags)) + entries + struct.pack(order + word, 0)
        return first + b"".join(pieces) + bytes(pad) + directory + more


def tiff(samples, photometric, bits, order="<", big=False, compress=False, rows_per_strip=7, **tags):
    height, width = samples.shape[:2]
    channels = samples.shape[2] if samples.ndim == 3 else 1
    made = Tiff(order, big).tag(256, 3, width).tag(257, 3, height).tag(258, 3, *[bits] * channels)
    made.tag(259, 3, 8 if compress else 1).tag(262, 3, photometric).tag(277, 3, channels)
    made.tag(278, 3, rows_per_strip)
    for name, value in tags.items():
        made.tag(int(name[1:]), 3, *(value if isinstance(value, (list, tuple)) else [value]))
    pieces = [pack(samples[y : y + rows_per_strip], bits, order) for y in range(0, height, rows_per_strip)]
    return made.file([zlib.compress(piece) if compress else piece for piece in pieces])


def pack(samples, bits, order):
    if samples.dtype.kind == "f" or bits >= 8:
        kind = samples.dtype.kind if samples.dtype.kind in "fi" else "u"
        return samples.astype(f"{order}{kind}{bits // 8}").tobytes()
    lines = []
    for line in samples:
        digits = "".join(format(index, f"0{bits}b") for index in line)
        lines += [int(digits[i : i + 8].ljust(8, "0"), 2) for i in range(0, len(digits), 8)]
    return bytes(lines)


def tiled(samples, photometric, bits, compress, planar=False):
    height, width = samples.shape[:2]
    channels = samples.shape[2] if samples.ndim == 3 else 1
    made = Tiff().tag(256, 3, width).tag(257, 3, height).tag(258, 3, *[bits] * channels)
    made.tag(259, 3, 8 if compress else 1).tag(262, 3, photometric).tag(277, 3, channels)
    planes = [samples[..., i] for i in range(channels)] if planar else [samples]
    if planar:
        made.tag(284, 3, 2)
    pieces = []
    for plane in planes:
        for y in range(0, height, 16):
            for x in range(0, width, 16):
                part = plane[y : y + 16, x : x + 16]
                room = [(0, 16 - part.shape[0]), (0, 16 - part.shape[1])] + [(0, 0)] * (part.ndim - 2)
                data = pack(np.pad(part, room), bits, "<")
                pieces.append(zlib.compress(data) if compress else data)
    return made.file(pieces, (16, 16))


def in_planes(samples):
    height, width, channels = samples.shape
    made = Tiff().tag(256, 3, width).tag(257, 3, height).tag(258, 3, *[8] * channels)
    made.tag(259, 3, 8).tag(262, 3, 2).tag(277, 3, channels).tag(278, 3, height).tag(284, 3, 2)
    return made.file([zlib.compress(samples[..., i].tobytes()) for i in range(channels)])


def make_tiffs(rgb, grey):
    array, levels = np.asarray(rgb), np.asarray(grey)
    deep, dark = array.astype(np.uint16) * 257 + 3, levels.astype(np.uint16) * 2
    alpha = np.dstack([array, levels])
    inks = np.asarray(rgb.convert("CMYK"))
    for compression in ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"]:
        yield f"rgb-{compression}.tif", encode(rgb, "TIFF", compression=compression)
    yield "grey.tiff", encode(grey, "TIFF")
    yield "rgb-jpeg.tif", encode(rgb, "TIFF", compression="jpeg", quality=90)
    yield "grey-jpeg.tif", encode(grey, "TIFF", compression="jpeg", quality=90)
    yield "ycbcr-jpeg.tif", encode(rgb.convert("YCbCr"), "TIFF", compression="jpeg", quality=90)
    yield "group-4.tif", encode(grey.convert("1"), "TIFF", compression="group4")
    yield "group-3.tif", encode(grey.convert("1"), "TIFF", compression="group3")
    yield "one-bit.tif", encode(grey.convert("1"), "TIFF")
    yield "palette.tif", encode(rgb.quantize(16), "TIFF")
    yield "palette-lzw.tif", encode(rgb.quantize(16), "TIFF", compression="tiff_lzw")
    yield "grey-alpha.tif", encode(Image.merge("LA", [grey, grey]), "TIFF")
    yield "rgba.tif", encode(Image.fromarray(alpha), "TIFF")
    yield "cmyk.tif", encode(rgb.convert("CMYK"), "TIFF")
    yield "cmyk-lzw.tif", encode(rgb.convert("CMYK"), "TIFF", compression="tiff_lzw")
    yield "cmyk-16.tif", tiff(inks.astype(np.uint16) * 257, 5, 16)
    yield "pages.tif", encode(rgb, "TIFF", save_all=True, append_images=[ImageOps.invert(rgb), grey])
    for orientation in (3, 6, 7):
        yield f"turned-{orientation}.tif", tiff(array, 2, 8, t274=orientation)
    yield "private-tag.tif", tiff(array, 2, 8, t65001=7)
    yield "big-endian.tif", tiff(array, 2, 8, ">")
    yield "big-tiff.tif", tiff(array, 2, 8, big=True)
    yield "tiles.tif", tiled(array, 2, 8, False)
    yield "tiles-deflate.tif", tiled(array, 2, 8, True)
    yield "tiles-grey.tif", tiled(levels, 1, 8, True)
    yield "planes.tif", in_planes(array)
    yield "tiles-of-planes.tif", tiled(array, 2, 8, True, planar=True)
    yield "white-is-zero.tif", tiff(levels, 0, 8)
    yield "two-bit.tif", tiff(levels >> 6, 1, 2)
    yield "four-bit.tif", tiff(levels >> 4, 1, 4)
    yield "four-bit-white-is-zero.tif", tiff(levels >> 4, 0, 4)
    yield "grey-16.tif", tiff(dark, 1, 16)
    yield "grey-16-big-endian.tif", tiff(dark, 1, 16, ">")
    yield "grey-16-deflate.tif", tiff(dark, 1, 16, compress=True)
    yield "grey-16-white-is-zero.tif", tiff(dark, 0, 16)
    yield "grey-16-signed.tif", tiff(dark.astype(np.int16) - 200, 1, 16, t339=2)
    yield "grey-32-signed.tif", tiff(dark.astype(np.int32) - 200, 1, 32, t339=2)
    yield "grey-32.tif", tiff(dark.astype(np.uint32), 1, 32)
    yield "grey-float.tif", tiff(dark.astype(np.float32) * 0.7 - 50, 1, 32, t339=3)
    yield "grey-float-big-endian.tif", tiff(dark.astype(np.float32) * 0.7 - 50, 1, 32, ">", t339=3)
    yield "rgb-16.tif", tiff(deep, 2, 16)
    yield "rgb-16-deflate.tif", tiff(deep, 2, 16, ">", compress=True)
    yield "associated-alpha.tif", tiff(alpha, 2, 8, t338=1)
    yield "unspecified-alpha.tif", tiff(alpha, 2, 8, t338=0)
    yield "two-extra-samples.tif", tiff(np.dstack([alpha, levels]), 2, 8, t338=[2, 0])
    yield "cut.tif", encode(rgb, "TIFF")[:-700]
    yield "cut-lzw.tif", encode(rgb, "TIFF", compression="tiff_lzw")[:-300]
    yield "cut-palette.tif", encode(rgb.quantize(16), "TIFF", compression="tiff_lzw")[:-100]
    tile = tiled(array, 2, 8, True)
    yield "damaged-tile.tif", tile[:900] + b"\xff" * 200 + tile[1100:]
    yield "header-cut.tif", encode(rgb, "TIFF")[:60]
    yield "bomb.tif", tiff(array, 2, 8, t256=60000, t257=60000)
    yield "tiff-content.png", encode(rgb, "TIFF")


def make_animations(rgb, grey):
    others = [ImageOps.invert(rgb), rgb.rotate(180)]
    alpha = Image.merge("RGBA", [*rgb.split(), grey])
    yield "animated.webp", encode(rgb, "WEBP", save_all=True, append_images=others, lossless=True)
    yield "animated-alpha.webp", encode(
        alpha, "WEBP", save_all=True, append_images=others, lossless=True, exact=True
    )
    yield "animated.png", encode(rgb, "PNG", save_all=True, append_images=others)
    yield "animated-alpha.png", encode(alpha, "PNG", save_all=True, append_images=[alpha.rotate(180)])
    yield "animated-default.png", encode(
        rgb, "PNG", save_all=True, append_images=others, default_image=True
    )
    yield "photo.jfif", encode(rgb, "JPEG", quality=90)
