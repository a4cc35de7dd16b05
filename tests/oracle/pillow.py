#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Compares the decoders and the resizer with Pillow, byte for byte.

    python tests/oracle/pillow.py [--cases 600] [--seed 1] [--photos ../shared/images] [--driver PROGRAM]

Without --driver, links tests/oracle/image_driver.c with the libraries in build/ (or $MN_BUILD) by cc (or $CC).
Exits 1 on a difference, 77 when numpy or Pillow is absent. Older than 13, Pillow resized tall pictures in another
order of passes, so it cannot be the oracle.
"""
import argparse
import io
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import warnings
import zlib

try:
    import numpy
    import PIL
    from PIL import Image, ImageOps
    from PIL.PngImagePlugin import PngInfo
except ImportError as missing:
    print(f"SKIP: {missing}; pip install pillow numpy")
    sys.exit(77)
if int(PIL.__version__.split(".")[0]) < 13:
    print(f"SKIP: Pillow is {PIL.__version__}; pip install 'pillow>=13'")
    sys.exit(77)

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


ROOT = pathlib.Path(__file__).resolve().parents[2]


def build_driver(folder):
    """Links the driver with the libraries as they were built; returns the program's path."""
    build = pathlib.Path(os.environ.get("MN_BUILD", ROOT / "build"))
    libraries = [build / name for name in ("libmobilenet_tools.a", "libmobilenet_image.a", "libmobilenet.a")]
    absent = [str(library) for library in libraries if not library.exists()]
    if absent:
        sys.exit(f"pillow.py: {absent[0]} is missing; build first: cmake --preset release && cmake --build build")
    program = pathlib.Path(folder) / "image_driver"
    source = ROOT / "tests" / "oracle" / "image_driver.c"
    command = [os.environ.get("CC", "cc"), "-std=c11", "-O2", f"-I{ROOT}/include", f"-I{ROOT}/src"]
    linked = ["-ljpeg", "-lpng", "-lwebp", "-lm", "-pthread"]
    subprocess.run([*command, "-o", program, source, *libraries, *linked], check=True)
    return program


class Driver:
    """Our side, one long-running process."""

    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, request, payload):
        self.process.stdin.write(request.encode() + b"\n" + payload)
        self.process.stdin.flush()
        head = self.process.stdout.readline().decode().rstrip("\n")
        if not head.startswith("ok "):
            raise ValueError(head or "the driver stopped")
        _, width, height = head.split()
        count = int(width) * int(height) * 3
        pixels = self.process.stdout.read(count)
        return numpy.frombuffer(pixels, numpy.uint8).reshape(int(height), int(width), 3)

    def resize(self, pixels, name, box, size):
        height, width, _ = pixels.shape
        numbers = " ".join(float(edge).hex() for edge in box)
        return self.ask(f"resize {name} {width} {height} {numbers} {size[0]} {size[1]}", pixels.tobytes())

    def decode(self, data, request="decode"):
        return self.ask(f"{request} {len(data)}", data)

    def fit(self, path, name, size, channels, crop):
        return self.ask(f"fit {name} {size[0]} {size[1]} {channels} {int(crop)} {path}", b"")


class Score:
    """Counts cases and differences of one kind."""

    def __init__(self, kind):
        self.kind, self.cases, self.differences = kind, 0, 0

    def compare(self, what, ours, theirs):
        """True when equal; otherwise says what differs."""
        self.cases += 1
        theirs = numpy.asarray(theirs)
        if ours is not None and ours.shape == theirs.shape and (ours == theirs).all():
            return True
        self.differences += 1
        if ours is None or ours.shape != theirs.shape:
            print(f"DIFFERENT {self.kind} {what}: {'refused' if ours is None else ours.shape} and {theirs.shape}")
        else:
            gap = numpy.abs(ours.astype(int) - theirs.astype(int))
            print(f"DIFFERENT {self.kind} {what}: {(gap > 0).sum()} of {gap.size} bytes, by at most {gap.max()}")
        return False

    def report(self):
        print(f"{self.kind}: {self.cases} cases, {self.differences} differences")
        return self.differences


# ---- Resizing ----

def random_pixels(rng, width, height):
    """Noise, saturated noise (overshoot on both sides), or a smooth ramp."""
    kind = rng.randrange(3)
    noise = numpy.random.default_rng(rng.getrandbits(32)).integers(0, 256, (height, width, 3), numpy.uint8)
    if kind == 0:
        return noise
    if kind == 1:
        return numpy.where(noise < 128, 0, 255).astype(numpy.uint8)
    y, x = numpy.mgrid[0:height, 0:width]
    return numpy.stack([x * 3 + y, x + y * 2, x * y], axis=-1).astype(numpy.uint8)


def random_box(rng, width, height):
    kind = rng.randrange(5)
    if kind < 2:
        return (0, 0, width, height)
    if kind == 2:
        left, top = rng.randrange(width), rng.randrange(height)
        return (left, top, rng.randint(left + 1, width), rng.randint(top + 1, height))
    if kind == 3:
        return (width / 16, height / 16, width * 15 / 16, height * 15 / 16)
    left, right = sorted(rng.uniform(0, width) for _ in range(2))
    top, bottom = sorted(rng.uniform(0, height) for _ in range(2))
    left, top, right, bottom = (float(numpy.float32(edge)) for edge in (left, top, right, bottom))
    return (left, top, min(max(right, left + 0.01), width), min(max(bottom, top + 0.01), height))


def random_size(rng, box):
    """Sometimes the size of the box, so that one or both passes have nothing to do."""
    def side(extent):
        return max(1, round(extent)) if rng.random() < 0.15 else rng.choice((1, 2, rng.randint(1, 40), 96, 224, 300))
    return side(box[2] - box[0]), side(box[3] - box[1])


def check_resize(driver, rng, cases):
    score = Score("resize")
    for case in range(cases):
        width, height = (rng.choice((1, 2, 3, rng.randint(4, 60), rng.randint(60, 500))) for _ in range(2))
        pixels = random_pixels(rng, width, height)
        name = rng.choice(sorted(FILTERS))
        box = random_box(rng, width, height)
        if not (box[0] < box[2] and box[1] < box[3]):
            box = (0, 0, width, height)
        size = random_size(rng, box)
        theirs = Image.fromarray(pixels).resize(size, FILTERS[name], box)
        what = f"{case}: {width}x{height} {name} {box} to {size}"
        score.compare(what, driver.resize(pixels, name, box, size), theirs)
    return score


# ---- PNG: every colour type and depth, also those that Pillow cannot write ----

ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
PNG_KINDS = [(colour, depth) for colour, depths in DEPTHS.items() for depth in depths]
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def png_chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_rows(samples, depth):
    """Filter type 0 and the packed samples, row by row."""
    for row in samples:
        flat = row.reshape(-1)
        if depth == 16:
            packed = flat.astype(">u2").tobytes()
        elif depth == 8:
            packed = flat.astype(numpy.uint8).tobytes()
        else:
            bits = (flat[:, None] >> numpy.arange(depth)[::-1]) & 1
            packed = numpy.packbits(bits.astype(numpy.uint8).reshape(-1)).tobytes()
        yield b"\0" + packed


def make_png(rng, colour, depth, interlaced, transparent):
    width, height = rng.randint(1, 40), rng.randint(1, 40)
    top = min(2 ** depth, 256) if colour == 3 else 2 ** depth
    samples = numpy.random.default_rng(rng.getrandbits(32)).integers(0, top, (height, width, SAMPLES[colour]))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    out = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
    out += png_chunk(b"gAMA", struct.pack(">I", 100000))
    if colour == 3:
        out += png_chunk(b"PLTE", rng.randbytes(3 * top))
    if transparent:
        out += png_chunk(b"tRNS", {0: b"\0\1", 2: b"\0\1\0\2\0\3", 3: rng.randbytes(top)}[colour])
    parts = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7] if interlaced else [samples]
    body = b"".join(row for part in parts if part.size for row in png_rows(part, depth))
    return out + png_chunk(b"IDAT", zlib.compress(body)) + png_chunk(b"IEND", b""), samples


def check_png(driver, rng, cases):
    score = Score("png")
    for case in range(cases):
        colour, depth = PNG_KINDS[case % len(PNG_KINDS)]
        interlaced = rng.randrange(2)
        transparent = colour in (0, 2, 3) and rng.randrange(2)
        data, samples = make_png(rng, colour, depth, interlaced, transparent)
        if (colour, depth) == (0, 16):  # Pillow clamps these to 255; we keep the high byte, as it does for colour
            theirs = numpy.repeat((samples >> 8).astype(numpy.uint8), 3, axis=2)
        else:
            theirs = Image.open(io.BytesIO(data)).convert("RGB")
        what = f"{case}: colour type {colour}, {depth} bits, interlaced {interlaced}, tRNS {transparent}"
        score.compare(what, driver.decode(data), theirs)
    return score


# ---- JPEG ----

def make_jpeg(rng):
    width, height = rng.randint(1, 120), rng.randint(1, 120)
    mode = rng.choice(("L", "RGB", "CMYK", "YCCK"))
    pixels = random_pixels(rng, width, height)
    image = Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)
    options = {"quality": rng.choice((30, 75, 95)), "progressive": rng.random() < 0.3, "optimize": rng.random() < 0.5}
    if mode == "RGB":
        options["subsampling"] = rng.choice((0, 1, 2))
    if rng.random() < 0.3:
        options["restart_marker_blocks"] = rng.randint(1, 5)
    out = io.BytesIO()
    image.convert("CMYK" if mode == "YCCK" else mode).save(out, "JPEG", **options)
    data = bytearray(out.getvalue())
    if mode == "YCCK":  # the last byte of Adobe's segment is the colour transform
        data[data.index(b"Adobe") + 11] = 2
    return bytes(data), f"{width}x{height} {mode} {options}"


def check_jpeg(driver, rng, cases):
    score = Score("jpeg")
    for case in range(cases):
        data, what = make_jpeg(rng)
        score.compare(f"{case}: {what}", driver.decode(data), Image.open(io.BytesIO(data)).convert("RGB"))
    return score


# ---- WebP, still and animated ----

def make_webp(rng):
    width, height = rng.randint(1, 90), rng.randint(1, 90)
    image = Image.fromarray(random_pixels(rng, width, height)).convert("RGB")
    options = {"lossless": rng.random() < 0.4, "quality": rng.choice((20, 75, 95)), "exact": rng.random() < 0.5}
    if rng.random() < 0.5:
        image.putalpha(Image.fromarray(random_pixels(rng, width, height)).convert("L"))
    if rng.random() < 0.3:
        later = Image.fromarray(random_pixels(rng, width, height)).convert(image.mode)
        options.update(save_all=True, append_images=[later], duration=50)
    out = io.BytesIO()
    image.save(out, "WEBP", **options)
    return out.getvalue(), f"{width}x{height} {image.mode} {sorted(options)}"


def check_webp(driver, rng, cases):
    score = Score("webp")
    for case in range(cases):
        data, what = make_webp(rng)
        score.compare(f"{case}: {what}", driver.decode(data), Image.open(io.BytesIO(data)).convert("RGB"))
    return score


# ---- BMP: every depth, also those that Pillow cannot write ----

BMP_MASKS = {16: ((0xF800, 0x7E0, 0x1F), (0x7C00, 0x3E0, 0x1F)),
             32: ((0xFF0000, 0xFF00, 0xFF), (0xFF000000, 0xFF0000, 0xFF00), (0xFF000000, 0xFF00, 0xFF))}


def bmp_runs(rng, indices, bits):
    """Run-length code of rows of indices: runs, pixels one by one, ends of rows and of the picture."""
    out = bytearray()
    for row in indices:
        x, width = 0, len(row)
        while x < width:
            count = min(rng.randint(1, 20), width - x)
            piece = [int(v) for v in row[x:x + count]]
            if count >= 3 and rng.random() < 0.5:
                body = bytes(piece) if bits == 8 else bytes(
                    piece[i] << 4 | (piece[i + 1] if i + 1 < count else 0) for i in range(0, count, 2))
                out += bytes((0, count)) + body + b"\0" * (len(body) & 1)
            elif bits == 8:
                out += b"".join(bytes((1, value)) for value in piece)
            else:
                out += b"".join(bytes((1, value << 4)) for value in piece)
            x += count
        out += b"\0\0"
    return bytes(out[:-2] if rng.random() < 0.3 else out) + b"\0\1"


def make_bmp(rng):
    width, height = rng.randint(1, 70), rng.randint(1, 70)
    bits, header = rng.choice((1, 4, 8, 16, 24, 32)), rng.choice((12, 40, 40, 56, 108, 124))
    runs = bits in (4, 8) and header != 12 and rng.random() < 0.5
    masks = rng.choice(BMP_MASKS[bits]) if bits in BMP_MASKS and header != 12 and rng.random() < 0.6 else None
    downward = header != 12 and rng.random() < 0.4
    stream = numpy.random.default_rng(rng.getrandbits(32))
    indices = numpy.sort(stream.integers(0, 2 ** min(bits, 8), (height, width)), axis=rng.randrange(2))
    palette, colours = b"", 0
    if bits <= 8:
        colours = 1 << bits if header == 12 or rng.random() < 0.5 else rng.randint(3, 1 << bits) if bits > 1 else 2
        palette = b"".join(rng.randbytes(3) + b"\0" * (header != 12) for _ in range(colours))
    if runs:
        pixels = bmp_runs(rng, indices, bits)
    elif bits <= 8:
        pixels = b""
        for row in indices:
            flat = (row[:, None] >> numpy.arange(bits)[::-1]) & 1
            packed = numpy.packbits(flat.astype(numpy.uint8).reshape(-1)).tobytes()
            pixels += packed + b"\0" * (-len(packed) % 4)
    else:
        pixels = b"".join(line + b"\0" * (-len(line) % 4) for line in (rng.randbytes(width * bits // 8)
                                                                     for _ in range(height)))
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        how = 3 if masks else {4: 2, 8: 1}[bits] if runs else 0
        info = struct.pack("<IiiHHIIiiII", header, width, -height if downward else height, 1, bits, how, len(pixels),
                           2835, 2835, 0 if colours == 1 << bits and rng.random() < 0.5 else colours, 0)
        if masks:
            info += struct.pack("<III", *masks)
        info = info.ljust(max(header, len(info)), b"\0")
    offset = 14 + len(info) + len(palette)
    data = struct.pack("<2sIHHI", b"BM", offset + len(pixels), 0, 0, offset) + info + palette + pixels
    return data, f"{width}x{height}, {bits} bits, header {header}, runs {runs}, masks {masks}, downward {downward}"


def check_bmp(driver, rng, cases):
    score = Score("bmp")
    for case in range(cases):
        data, what = make_bmp(rng)
        score.compare(f"{case}: {what}", driver.decode(data), Image.open(io.BytesIO(data)).convert("RGB"))
    return score


# ---- PGM and PPM ----

def check_pnm(driver, rng, cases):
    score = Score("pnm")
    for case in range(cases):
        width, height = rng.randint(1, 30), rng.randint(1, 30)
        kind, most = rng.choice((5, 6)), rng.choice((1, 2, 10, 100, 254, 255, 256, 1000, 65535))
        if kind == 5 and most > 255:
            most = 255  # Pillow clamps these to 255; we scale them, as it does for colour
        head = f"P{kind}\n# a comment\n{width} {height} # another\n{most}\n".encode()
        data = head + rng.randbytes(width * height * (3 if kind == 6 else 1) * (2 if most > 255 else 1))
        theirs = Image.open(io.BytesIO(data)).convert("RGB")
        score.compare(f"{case}: P{kind}, maximum {most}", driver.decode(data), theirs)
    return score


# ---- EXIF ----

def make_turned(rng, folder, case):
    width, height = rng.randint(1, 400), rng.randint(1, 400)
    image = Image.fromarray(random_pixels(rng, width, height))
    orientation = case % 8 + 1
    exif = Image.Exif()
    exif.endian = rng.choice("<>")
    exif[0x010F] = "a camera"
    xmp, of_xmp = rng.random() < 0.4, rng.randint(1, 8)
    if not xmp or rng.random() < 0.3:  # of both, EXIF counts
        exif[0x0112] = orientation
    suffix = rng.choice(("jpg", "png", "webp"))
    path = pathlib.Path(folder) / f"turned.{suffix}"
    options = {"lossless": True} if suffix == "webp" else {}
    if xmp:
        text = rng.choice((b'<rdf tiff:Orientation="%d"/>', b"<tiff:Orientation>%d</tiff:Orientation>")) % of_xmp
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", text.decode())
        options.update({"pnginfo": info} if suffix == "png" else {"xmp": text})
    image.save(path, exif=exif, **options)
    return path, f"{width}x{height} {suffix} {exif.endian} orientation {orientation}, XMP {xmp} {of_xmp}"


def check_turned(driver, rng, cases, folder):
    """Whole pictures, and pictures resized row by row without ever being whole."""
    decoded, fitted = Score("turned"), Score("turned and resized by rows")
    for case in range(cases):
        path, what = make_turned(rng, folder, case)
        theirs = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        decoded.compare(what, driver.decode(path.read_bytes()), theirs)
        decoded.compare(what, driver.decode(path.read_bytes(), "stored"), Image.open(path).convert("RGB"))
        name, size, crop = rng.choice(sorted(FILTERS)), (rng.randint(1, 300), rng.randint(1, 300)), rng.random() < 0.5
        channels = rng.choice((1, 3, 3))
        box = tuple(side * part / 16 for side, part in zip(theirs.size * 2, (1, 1, 15, 15))) if crop else None
        small = (theirs.convert("L") if channels == 1 else theirs).resize(size, FILTERS[name], box).convert("RGB")
        fitted.compare(f"{what} {name} {size} {crop} {channels}", driver.fit(path, name, size, channels, crop), small)
    return decoded, fitted


def check_photos(driver, folder):
    decoded, resized = Score("photos decoded"), Score("photos resized to 224x224")
    endings = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
    for path in sorted(p for p in pathlib.Path(folder).rglob("*") if p.suffix.lower() in endings):
        theirs = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        pixels = numpy.asarray(theirs)
        try:
            ours = driver.decode(path.read_bytes())
        except ValueError as refusal:
            print(f"{path.name}: {refusal}")
            ours = None
        decoded.compare(path.name, ours, pixels)
        whole = (0, 0, *theirs.size)
        central = tuple(side * part / 16 for side, part in zip(theirs.size * 2, (1, 1, 15, 15)))
        for box in (whole, central):
            theirs_small = theirs.resize((224, 224), box=box)
            resized.compare(path.name, driver.resize(pixels, "bicubic", box, (224, 224)), theirs_small)
    return decoded, resized


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", help="the program made from tests/oracle/image_driver.c, if it exists already")
    parser.add_argument("--cases", type=int, default=600, help="resizes; half as many files of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--photos", default=ROOT.parent / "shared" / "images",
                        help="decode and resize every photo below this folder, when it exists")
    flags = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)  # Pillow's, about palettes with transparency
    print(f"Pillow {PIL.__version__}, seed {flags.seed}")
    with tempfile.TemporaryDirectory() as folder:
        driver, rng = Driver(flags.driver or build_driver(folder)), random.Random(flags.seed)
        scores = [
            check_resize(driver, rng, flags.cases),
            check_png(driver, rng, flags.cases // 2),
            check_jpeg(driver, rng, flags.cases // 2),
            check_webp(driver, rng, flags.cases // 2),
            check_bmp(driver, rng, flags.cases // 2),
            check_pnm(driver, rng, flags.cases // 4),
            *check_turned(driver, rng, flags.cases // 2, folder),
            *check_photos(driver, flags.photos),
        ]
    return 1 if sum([score.report() for score in scores]) else 0


if __name__ == "__main__":
    sys.exit(main())
