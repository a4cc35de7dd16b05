#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Photos as people have them: in folders, through pipes, turned, of kinds that are not read, and with too little memory.
. tests/cli/common.sh

model=$models/tiny_v2_int8.tflite
photo=$photos/colour420.jpg

# The last answers without what differs from run to run, and without the name.
plain() { sed 's/"image": "[^"]*"//; s/milliseconds": [0-9.]*//g' "$1"; }
same_as_alone() { cmp <(plain "$scratch/out") <(plain "$scratch/alone") || fail "another answer $1"; }

# From standard input, a device and a pipe.
expect 0 classify -m "$model" --json -k 3 "$photo"
cp "$scratch/out" "$scratch/alone"
expect 0 classify -m "$model" --json -k 3 - <"$photo"
same_as_alone 'from standard input'
expect 0 classify -m "$model" --json -k 3 -i /dev/stdin < <(cat "$photo")
same_as_alone 'from /dev/stdin'
expect 0 classify -m "$model" --json -k 3 <(cat "$photo")
same_as_alone 'from a pipe'
expect 1 classify -m "$model" - </dev/null
says 'standard input: is empty'

# A folder with others in it, and a blank in its name, is its photos in order.
folder="$scratch/my photos"
mkdir -p "$folder/b"
cp "$photo" "$folder/z.JPG"
cp $photos/gray.jpg "$folder/b"
printf 'P6 2 2 255 abcdefghijkl' >"$folder/a.ppm"
echo text >"$folder/notes.txt"
mkfifo "$folder/pipe.jpg"
expect 0 classify -m "$model" --json -i "$folder"
[ "$(cut -d '"' -f 4 "$scratch/out" | sed 's,.*/my photos/,,' | paste -sd ' ')" = 'a.ppm b/gray.jpg z.JPG' ] ||
    fail "not every photo of a folder, in order: $(cat "$scratch/out")"
cp "$scratch/out" "$scratch/alone"
expect 0 classify -m "$model" --json -i "$folder"/*.ppm "$folder/b" "$folder/z.JPG"
same_as_alone 'from a folder than from its photos'
mkdir "$scratch/none"
expect 1 classify -m "$model" "$scratch/none" "$photo"
says 'none: holds no photo'
prints 'one inference'

# Kinds that are not read are named, and the others get their turn.
printf '\0\0\0\030ftypheic\0\0\0\0mif1heic' >"$folder/c.heic"
printf '<!DOCTYPE html><html>' >"$folder/d.jpg"
expect 1 classify -m "$model" --json "$folder"
[ "$(wc -l <"$scratch/out")" = 3 ] || fail 'not the three photos that can be read'
says 'c.heic: is a HEIC photo; convert it'
says 'd.jpg: is a web page and not a photo'

# evaluate on one photo, whose folder tells the class; and without a class.
mkdir "$scratch/class 3"
cp "$photo" "$scratch/class 3/a.jpg"
printf 'class %d\n' 0 1 2 3 4 5 6 7 8 9 >"$scratch/labels"
expect 0 evaluate -m "$model" --labels "$scratch/labels" --images "$scratch/class 3/a.jpg" --json
json 'o["evaluated"] == o["known"] == 1 and "top5" in o["model"]'
expect 1 evaluate -m "$model" --images "$photo"
says 'the class of no photo is known'
expect 0 evaluate -m "$model" --images - --compare $models/tiny_v2_uint8.tflite --json <"$photo"
json 'o["evaluated"] == 1'

# Of five classes the best five are not reported.
expect 0 new -o "$scratch/five.tflite" --width 0.35 --size 32 --classes 5
echo "$(basename "$photo") 1" >"$scratch/list"
expect 0 evaluate -m "$scratch/five.tflite" --images "$photos" --truth "$scratch/list"
prints 'top-1'
if grep -q 'top-5' "$scratch/out"; then fail 'top-5 of five classes'; fi
expect 0 evaluate -m "$scratch/five.tflite" --images "$photos" --truth "$scratch/list" --json
json '"top1" in o["model"] and "top5" not in o["model"]'

# 108 megapixels row by row: as a whole they would take more than twice the memory that is allowed here. Interlaced, that
# many do not fit.
large() {
    python3 - "$scratch" <<'EOF'
import struct, sys, zlib
chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
rows = zlib.compress((b"\0" + b"\x0f\xf0" * 750) * 9000, 1)
for interlaced in 0, 1:
    head = struct.pack(">IIBBBBB", 12000, 9000, 1, 0, 0, 0, interlaced)
    open(f"{sys.argv[1]}/{('rows', 'whole')[interlaced]}.png", "wb").write(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
EOF
}
if command -v python3 >/dev/null && [[ -z ${MN_SANITIZE:-} ]]; then
    large
    (ulimit -v 150000 && exec "$mobilenet" classify -m "$model" --json "$scratch/rows.png") >"$scratch/out" 2>"$scratch/err" ||
        fail "a photo of 108 megapixels: $(cat "$scratch/err")"
    json 'o["width"] == 12000 and o["height"] == 9000'
    (ulimit -v 150000 && exec "$mobilenet" classify -m "$model" "$scratch/whole.png") >"$scratch/out" 2>"$scratch/err" &&
        fail 'an interlaced photo of 108 megapixels in 150 MB'
    says 'whole.png: out of memory'
fi

# EXIF turns a photo in every command that shows photos to a model, and --no-exif does not.
turned() {
    python3 - "$scratch" <<'EOF'
import os, struct, sys, zlib
chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
exif = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
png = lambda width, height, rows, *more: b"\x89PNG\r\n\x1a\n" + chunk(
    b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + b"".join(more) + chunk(
    b"IDAT", zlib.compress(b"".join(b"\0" + bytes(sum(row, ())) for row in rows))) + chunk(b"IEND", b"")
rows = [[(x * 6, y * 12, 200 - 3 * x - y) for x in range(40)] for y in range(20)]
upright = [list(column) for column in zip(*rows[::-1])]
for name, data in (("stored", png(40, 20, rows)), ("turned", png(40, 20, rows, chunk(b"eXIf", exif))),
                   ("upright", png(20, 40, upright))):
    os.mkdir(f"{sys.argv[1]}/{name}")
    open(f"{sys.argv[1]}/{name}/a.png", "wb").write(data)
EOF
}
if command -v python3 >/dev/null; then
    turned
    for wanted in upright stored; do
        flag=()
        if [ $wanted = stored ]; then flag=(--no-exif); fi
        expect 0 classify -m "$model" --json -k 10 "$scratch/$wanted/a.png"
        cp "$scratch/out" "$scratch/alone"
        expect 0 classify -m "$model" --json -k 10 "${flag[@]}" "$scratch/turned/a.png"
        same_as_alone "for a turned photo that is to be $wanted"
        expect 0 quantize $models/tiny_v2_float32.tflite -o "$scratch/a.tflite" --images "$scratch/$wanted"
        expect 0 quantize $models/tiny_v2_float32.tflite -o "$scratch/b.tflite" --images "$scratch/turned" "${flag[@]}"
        cmp "$scratch/a.tflite" "$scratch/b.tflite" || fail "quantize: other ranges from what is to be $wanted"
        for command in "compare $models/tiny_v2_float32.tflite $model" \
            "evaluate -m $model --compare $models/tiny_v2_uint8.tflite"; do
            # shellcheck disable=SC2086 # words are wanted
            expect 0 $command --images "$scratch/$wanted" --json
            grep -Eo '"(sqnr_db|largest_difference)": [^,}]*' "$scratch/out" >"$scratch/$wanted.$((${#command}))"
            # shellcheck disable=SC2086
            expect 0 $command --images "$scratch/turned" --json "${flag[@]}"
            grep -Eo '"(sqnr_db|largest_difference)": [^,}]*' "$scratch/out" |
                cmp - "$scratch/$wanted.$((${#command}))" || fail "$command: not $wanted"
        done
    done
    for kind in upright stored turned; do
        mkdir -p "$scratch/train/$kind"/{a,b}
        cp "$scratch/$kind/a.png" "$scratch/train/$kind/a"
        cp $photos/gray.jpg "$scratch/train/$kind/b"
    done
    for kind in upright stored turned as-stored; do
        flag=()
        if [ $kind = as-stored ]; then flag=(--no-exif); fi
        expect 0 train --data "$scratch/train/${kind/as-stored/turned}" -o "$scratch/$kind.h5" --size 32 --width 0.35 \
            --epochs 1 --batch 2 --threads 1 "${flag[@]}"
    done
    cmp "$scratch/turned.h5" "$scratch/upright.h5" || fail 'train does not turn pictures'
    cmp "$scratch/as-stored.h5" "$scratch/stored.h5" || fail 'train turns pictures with --no-exif'
    if cmp -s "$scratch/turned.h5" "$scratch/stored.h5"; then fail 'turning changes no training'; fi
    if cmp -s <(cat "$scratch"/upright.*) <(cat "$scratch"/stored.*); then fail 'turning changes nothing'; fi
fi

# Too little memory for a photo that is whole in memory: a failure, not an unreadable photo.
memory() {
    python3 - "$scratch/large" <<'EOF'
import os, struct, sys, zlib
chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
os.mkdir(sys.argv[1])
width = height = 12000
head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)
open(sys.argv[1] + "/n01440764.png", "wb").write(
    b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b""))
EOF
}
if command -v python3 >/dev/null && [[ -z ${MN_SANITIZE:-} ]]; then
    memory
    cp "$photo" "$scratch/large"
    (ulimit -v 400000 && exec "$mobilenet" evaluate -m "$model" --images "$scratch/large" --jobs 1 \
        --compare $models/tiny_v2_uint8.tflite) >"$scratch/out" 2>"$scratch/err" && fail 'evaluate: out of memory is no failure'
    says 'n01440764.png: out of memory for a picture.*nothing is reported'
    (ulimit -v 400000 && exec "$mobilenet" quantize $models/tiny_v2_float32.tflite -o "$scratch/c.tflite" --jobs 1 \
        --images "$scratch/large") >"$scratch/out" 2>"$scratch/err" && fail 'quantize: out of memory is no failure'
    says 'out of memory for a picture'
    [ ! -e "$scratch/c.tflite" ] || fail 'quantize: wrote a model all the same'
fi
exit 0
