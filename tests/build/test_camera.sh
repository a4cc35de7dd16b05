#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# examples/camera.c with frames of every format from a file: what it shows to the model is what `mobilenet classify` names
# when it is saved; and of a device without hardware. tests/unit/test_camera.c has the colours. examples/camera_gst.c where GStreamer is.
source tests/build/common.sh

camera=$MN_BUILD/tests/example_camera
mobilenet=$MN_BUILD/mobilenet
model=tests/golden/tiny_v2_int8.tflite
[[ -x $camera ]] || skip "the camera needs Linux and its header linux/videodev2.h (on Debian: apt-get install linux-libc-dev)"

# Three frames of noise, each of $1 bytes: noise BYTES
noise() { head -c $((3 * $1)) src/labels/imagenet.c; }

# check FORMAT FILE: three frames of 48 x 32, and the last one as it was saved.
check() {
    "$camera" --model "$model" --input "$2" --size 48x32 --format "$1" --frames 3 --save "$scratch/$1.ppm" \
        >"$scratch/$1" || fail "$1: fails"
    [[ $(grep -cE '^ *[0-9]+\.[0-9]{2} %  class [0-9]+ +[0-9.]+ fps$' "$scratch/$1") -eq 3 ]] ||
        fail "$1: unexpected: $(cat "$scratch/$1")"
    if [[ -x $mobilenet ]]; then
        "$mobilenet" classify -m "$model" -i "$scratch/$1.ppm" -k 1 | grep -o 'class [0-9]*' >"$scratch/wanted"
        tail -n 1 "$scratch/$1" | grep -o 'class [0-9]*' | diff "$scratch/wanted" - ||
            fail "$1: mobilenet classify (<) names another class than the camera (>)"
    fi
}

noise $((48 * 32 * 2)) >"$scratch/frames.yuyv"
noise $((48 * 32 * 3 / 2)) >"$scratch/frames.nv12"
noise $((48 * 32 * 3)) >"$scratch/frames.rgb"
for format in yuyv nv12 rgb; do check "$format" "$scratch/frames.$format"; done
{ printf 'P6\n48 32\n255\n' && tail -c $((48 * 32 * 3)) "$scratch/frames.rgb"; } | cmp - "$scratch/rgb.ppm" ||
    fail "pixels that are RGB are shown as others"
if grep -q '^MN_IMAGE:BOOL=ON' "$MN_BUILD/CMakeCache.txt"; then
    jpeg=fuzz/corpus/image/colour420.jpg
    cat "$jpeg" "$jpeg" "$jpeg" >"$scratch/frames.mjpeg"
    check mjpeg "$scratch/frames.mjpeg"
    "$mobilenet" classify -m "$model" -i "$jpeg" -k 1 | grep -o 'class [0-9]*' | diff "$scratch/wanted" - ||
        fail "mjpeg: a photo and a frame of it differ"
fi
seq -f 'word %g' 0 9 >"$scratch/labels"
"$camera" --model "$model" --labels "$scratch/labels" --input "$scratch/frames.rgb" --size 48x32 --format rgb >"$scratch/named" ||
    fail "labels are not taken"
[[ $(grep -c ' %  word [0-9]' "$scratch/named") -eq 3 ]] || fail "unexpected: $(cat "$scratch/named")"

# refused STATUS WORDS ARGUMENT...
refused() {
    local status=0
    "$camera" "${@:3}" >"$scratch/out" 2>"$scratch/message" || status=$?
    [[ $status -eq $1 ]] || fail "${*:3}: ends with $status and not $1"
    grep -q -- "$2" "$scratch/message" || fail "${*:3}: '$(cat "$scratch/message")' lacks '$2'"
    [[ $(wc -l <"$scratch/message") -eq 1 ]] || fail "${*:3}: more than one sentence"
}
refused 2 'model' --frames 1
refused 2 'needs a value' --model
refused 2 'not a flag' --model "$model" --sise 48x32
refused 2 '640x480' --model "$model" --size 47x32
refused 2 'yuyv, nv12' --model "$model" --format gray
refused 2 'number from 1' --model "$model" --frames 0
refused 2 '1 to 256' --model "$model" --threads 257
refused 2 'frames N' --model "$model" --save x.ppm
refused 1 'no such model' --model 'no such model' --input "$scratch/frames.rgb"
refused 1 'no such file' --model "$model" --input 'no such file'
refused 1 'ends within a frame' --model "$model" --input "$scratch/frames.rgb" --size 50x32 --format rgb
refused 1 'cannot be opened.*--device' --model "$model" --device "$scratch/no device"
refused 1 'is not a V4L2 device' --model "$model" --device /dev/null
refused 1 'has no line' --model "$model" --labels /dev/null --input "$scratch/frames.rgb"

# Devices that are none: the newest frame is shown, damaged ones are not, and buffers go back once each, whether the
# interface is that for one plane or that for several, of which NV12 may have two. Sanitizers want to be loaded first.
if [[ -z ${MN_SANITIZE:-} ]]; then
    "$CC" -std=c11 -Wall -Wextra -Werror -D_FILE_OFFSET_BITS=64 -shared -fPIC tests/build/camera_device.c \
        -o "$scratch/device.so" -ldl || fail "camera_device.c cannot be built"
    export CAMERA_JPEG=fuzz/corpus/image/colour420.jpg
    # on DEVICE ARGUMENT...
    on() { LD_PRELOAD=$scratch/device.so timeout 60 "$camera" --model "$model" --device "/dev/mobilenet-$1" "${@:2}"; }
    for device in camera YUYV NV12 NM12; do
        for frames in 1 2; do
            on "$device" --frames "$frames" --save "$scratch/device.ppm" >"$scratch/out" || fail "frames of $device"
            [[ $(wc -l <"$scratch/out") -eq $frames ]] || fail "unexpected: $(cat "$scratch/out")"
            level=$((40 + 20 * (frames + 1)))
            { printf 'P6\n64 48\n255\n' && head -c $((64 * 48 * 3)) /dev/zero | tr '\0' "\\$(printf %o $level)"; } |
                cmp - "$scratch/device.ppm" || fail "$device: frame $frames is not the newest one"
        done
        if on "$device" >"$scratch/out" 2>"$scratch/message"; then fail "a camera that was unplugged is no error"; fi
        grep -q 'unplugged' "$scratch/message" || fail "unexpected: $(cat "$scratch/message")"
        if on "$device" --format rgb 2>"$scratch/message"; then fail "a format that $device lacks is taken"; fi
        grep -q 'has no frames of rgb' "$scratch/message" || fail "unexpected: $(cat "$scratch/message")"
    done
    on NM12 --format nv12 --frames 1 >"$scratch/out" || fail "NV12 in two planes is not nv12"
    if on RGB4 2>"$scratch/message"; then fail "a format that is not known is taken"; fi
    if grep -q '^MN_IMAGE:BOOL=ON' "$MN_BUILD/CMakeCache.txt"; then
        on MJPG --frames 1 --save "$scratch/device.ppm" >"$scratch/out" || fail "frames of MJPG"
        cmp "$scratch/mjpeg.ppm" "$scratch/device.ppm" || fail "a JPEG of a device is shown as another"
    fi
fi

pkg-config --exists gstreamer-app-1.0 gstreamer-video-1.0 2>/dev/null ||
    { echo "SKIPPED: GStreamer is missing (on Debian: apt-get install libgstreamer-plugins-base1.0-dev gstreamer1.0-plugins-base)" && exit 0; }
read -ra flags <<<"$(pkg-config --cflags --libs gstreamer-app-1.0 gstreamer-video-1.0)"
"$CC" -std=c11 -Wall -Wextra -Werror -Iinclude examples/camera_gst.c -o "$scratch/gst" "${flags[@]}" \
    "$MN_BUILD/libmobilenet.a" -pthread -lm -ldl || fail "camera_gst.c cannot be built"
"$scratch/gst" "$model" "videotestsrc num-buffers=2 ! video/x-raw,width=64,height=48,format=NV12" >"$scratch/gst.out" ||
    fail "camera_gst fails"
grep -q ' %  class ' "$scratch/gst.out" || # one or two: what comes too early is dropped
    fail "unexpected: $(cat "$scratch/gst.out")"
for pipeline in "nosuchelement" "filesrc location=/nowhere ! rawvideoparse"; do
    if timeout 20 "$scratch/gst" "$model" "$pipeline" 2>"$scratch/message"; then fail "$pipeline is no error"; fi
    grep -qE 'nosuchelement|filesrc0: |rawvideoparse' "$scratch/message" || fail "unexpected: $(cat "$scratch/message")"
done
