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
    from PIL import Image
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
    libraries = [build / "libmobilenet_tools.a", build / "libmobilenet.a"]
    absent = [str(library) for library in libraries if not library.exists()]
    if absent:
        sys.exit(f"pillow.py: {absent[0]} is missing; build first: cmake --preset release && cmake --build build")
    program = pathlib.Path(folder) / "image_driver"
    source = ROOT / "tests" / "oracle" / "image_driver.c"
    command = [os.environ.get("CC", "cc"), "-std=c11", "-O2", f"-I{ROOT}/include", f"-I{ROOT}/src"]
    subprocess.run([*command, "-o", program, source, *libraries, "-ljpeg", "-lpng", "-lm", "-pthread"], check=True)
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

    def decode(self, data):
        return self.ask(f"decode {len(data)}", data)


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


def check_photos(driver, folder):
    decoded, resized = Score("photos decoded"), Score("photos resized to 224x224")
    for path in sorted(p for p in pathlib.Path(folder).rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png")):
        theirs = Image.open(path).convert("RGB")
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
    parser.add_argument("--cases", type=int, default=600, help="resizes; half as many PNG and JPEG files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--photos", default=ROOT.parent / "shared" / "images",
                        help="decode and resize every JPEG and PNG below this folder, when it exists")
    flags = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)  # Pillow's, about palettes with transparency
    print(f"Pillow {PIL.__version__}, seed {flags.seed}")
    with tempfile.TemporaryDirectory() as folder:
        driver, rng = Driver(flags.driver or build_driver(folder)), random.Random(flags.seed)
        scores = [
            check_resize(driver, rng, flags.cases),
            check_png(driver, rng, flags.cases // 2),
            check_jpeg(driver, rng, flags.cases // 2),
            *check_photos(driver, flags.photos),
        ]
    return 1 if sum([score.report() for score in scores]) else 0


if __name__ == "__main__":
    sys.exit(main())
