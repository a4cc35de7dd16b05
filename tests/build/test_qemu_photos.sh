#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The command classifies 20 photos on emulated Arm processors as it does here: every class of int8 and uint8 models has the
# same probability, to the last digit; those of a float model are close. Builds for Arm, which has no decoders of JPEG: the
# photos are decoded here. Minutes, so only ./test.sh --all runs it.
source tests/build/common.sh
source tests/build/emulated.sh

[[ -n ${MN_LONG_TESTS:-} ]] || skip "it builds for Arm, which takes minutes; ./test.sh --all does"
for tool in python3 aarch64-linux-gnu-gcc qemu-aarch64 arm-linux-gnueabihf-gcc qemu-arm; do need "$tool"; done
native=$MN_BUILD/mobilenet
[[ -x $native ]] || skip "$native is not built"
photos=(../shared/images/imagenet/*.JPEG)
[[ ${#photos[@]} -ge 20 ]] || skip "there are no 20 photos in ../shared/images/imagenet"

decoder() {
    "$CC" -std=c11 -O2 -Iinclude -Isrc -o "$scratch/decoder" tests/oracle/image_driver.c \
        "$MN_BUILD"/libmobilenet_{tools,image}.a "$MN_BUILD/libmobilenet.a" -ljpeg -lpng -lwebp -lm -pthread \
        2>"$scratch/log" || skip "there is no decoder of photos: $(tail -n 1 "$scratch/log")"
}

# Writes PHOTO as pixels into FILE: pixels_of PHOTO FILE
pixels_of() {
    local width height
    { echo "decode $(stat -c %s "$1")" && cat "$1"; } | "$scratch/decoder" >"$scratch/decoded"
    read -r _ width height < <(head -n 1 "$scratch/decoded" | tr -d '\0')
    { printf 'P6\n%s %s\n255\n' "$width" "$height" && tail -n +2 "$scratch/decoded"; } >"$2"
}

# What a command says of all classes of all photos, but for the time: answers MODEL COMMAND...
answers() { "${@:2}" classify -m "$1" --json -k 2000 "$scratch"/photos/*.ppm | sed 's/milliseconds": [0-9.e-]*/milliseconds": 0/g'; }

# Answers on PROCESSOR are those of this machine: same PROCESSOR MODEL
same() {
    answers "$2" emulate "$1" "$mobilenet" >"$scratch/given"
    cmp "$scratch/$(basename "$2").wanted" "$scratch/given" || fail "$1: $2 answers other than here"
    echo "$1: $(basename "$2") says the same of $(wc -l <"$scratch/given") photos"
}

# The same class comes first, and no probability is off by a thousandth of itself: close PROCESSOR MODEL
close() {
    answers "$2" emulate "$1" "$mobilenet" >"$scratch/given"
    python3 - "$scratch/$(basename "$2").wanted" "$scratch/given" <<'END' || fail "$1: $2 answers other than here"
import json, sys
wanted, given = ([json.loads(line)["classes"] for line in open(name, encoding="utf-8")] for name in sys.argv[1:])
assert len(wanted) == len(given) == 20, len(given)
worst = 0
for here, there in zip(wanted, given):
    assert here[0]["class"] == there[0]["class"], (here[0], there[0])
    there = {one["class"]: one["probability"] for one in there}
    worst = max([worst] + [abs(there[one["class"]] / one["probability"] - 1) for one in here])
assert worst < 1e-3, worst
print("relative difference of probabilities: at most %.1e" % worst)
END
    echo "$1: $(basename "$2") says nearly the same of 20 photos"
}

# Every model on processors of SYSTEM; floats, whose kernels are the same on all, on the first: system SYSTEM PROCESSOR...
system() {
    local file processor
    build_for "$1"
    for file in ../shared/models/*.tflite; do
        for processor in "${@:2}"; do same "$processor" "$file"; done
    done
    close "$2" "$float"
}

decoder
mkdir "$scratch/photos"
for photo in "${photos[@]:0:20}"; do pixels_of "$photo" "$scratch/photos/$(basename "$photo" .JPEG).ppm"; done

# 1.0 at 224, trained where there are weights that can be read.
float=$scratch/float.tflite
"$native" convert -o "$float" ../shared/models/*.h5 >"$scratch/log" 2>&1 || "$native" new -o "$float" >"$scratch/log"
for file in ../shared/models/*.tflite "$float"; do
    answers "$file" "$native" >"$scratch/$(basename "$file").wanted"
done

emulator=(qemu-aarch64 -L /usr/aarch64-linux-gnu)
system aarch64 cortex-a53 cortex-a76 max
emulator=(qemu-arm -L /usr/arm-linux-gnueabihf)
system armhf cortex-a7
