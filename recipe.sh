#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: ./recipe.sh [--weights FILE] [--images DIR] [--image PHOTO] [--npu NAME] [--out DIR] [--offline]
#        ./recipe.sh --model FILE.tflite [--images DIR] [--image PHOTO] [--offline]
#
# From trained Keras weights of a MobileNetV2 to a float model, an int8 model and a classified photo, without Python:
# installs missing packages, builds, converts, quantises, classifies, and measures accuracy and latency. After the first
# run it needs no network. It may be run again, and interrupted, at any time.
#
#   --weights FILE  a Keras file: weights or a whole model (.h5, .keras). Else $MOBILENET_WEIGHTS; else the ImageNet
#                   weights in DIR of --out, Keras' own cache (~/.keras/models) or ../shared/models; else they are
#                   downloaded; else the small model of road signs in models/, if there is one
#   --images DIR    photos for calibration and for measuring accuracy; else ../shared/images/imagenet; else the int8
#                   model is made without photos
#   --image PHOTO   the photo to classify; else examples/chelsea.jpg; else one of --images
#   --no-exif       leave photos as stored, ignoring their EXIF orientation
#   --labels FILE   names of the classes, one per line; else WEIGHTS.labels.txt beside WEIGHTS.h5, else ImageNet's
#   --out DIR       folder for the models; default out
#   --npu NAME      make the int8 model for an NPU. ethos-u65-256 (i.MX 93; or -512, ethos-u55-32 to -256): the
#                   classifier's weights get one scale, without which older compilers leave it to the CPU, and
#                   Vela compiles the model (docs/npu.md). vx (i.MX 8M Plus): all weights of a layer get one scale
#   --model FILE    only classify and measure with this .tflite; also $MOBILENET_MODEL
#   --offline       install and download nothing; if something is missing, print the command that installs it and stop
#   --help          this text
source "$(dirname "$0")/scripts/lib.sh"

# ImageNet's weights of MobileNetV2 1.0 224, as Keras publishes them.
official=mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5
official_url=https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2/$official
official_bytes=14536120
official_parameters=3538984

calibration_photos=100 # more of them change little and take longer

# ---- Arguments ----

# A path of the caller's, as seen from here.
here=$OLDPWD
absolute() { if [[ -z $1 || $1 == /* || $here -ef . ]]; then echo "$1"; else echo "$here/$1"; fi; }

weights='' images='' image='' labels='' out=out model='' npu='' as_stored=()
if [[ -n ${MOBILENET_WEIGHTS:-} ]]; then weights=$(absolute "$MOBILENET_WEIGHTS"); fi
if [[ -n ${MOBILENET_MODEL:-} ]]; then model=$(absolute "$MOBILENET_MODEL"); fi
while [[ $# -gt 0 ]]; do
    case $1 in
    --offline) offline=1; shift; continue ;;
    --no-exif) as_stored=(--no-exif); shift; continue ;;
    --*=*) name=${1%%=*} value=${1#*=} ;;
    *)
        name=$1 value=${2:-}
        if [[ $# -gt 1 ]]; then shift; fi
        ;;
    esac
    shift
    [[ $name =~ ^--(weights|images|image|labels|npu|out|model)$ ]] || die "unknown argument $name; see ./recipe.sh --help"
    [[ -n $value ]] || die "$name needs a value; see ./recipe.sh --help"
    if [[ $name == --npu ]]; then
        npu=$value
        continue
    fi
    value=$(absolute "$value")
    case $name in
    --weights) weights=$value model='' ;;
    --model) model=$value weights='' ;;
    --images) images=$value ;;
    --image) image=$value ;;
    --labels) labels=$value ;;
    --out) out=$value ;;
    esac
done

[[ $npu =~ ^(|vx|ethos-u(65-(256|512)|55-(32|64|128|256)))$ ]] ||
    die "--npu: $npu is none of ethos-u65-256, ethos-u65-512, ethos-u55-32, -64, -128, -256 and vx"
[[ -z $npu || -z $model ]] || die "--npu makes a model and --model takes one; compile that with scripts/vela.sh"

# readable KIND FILE OPTION: ends the run unless FILE, if any is given, can be read.
readable() { [[ -z $2 || (-f $2 && -r $2) ]] || die "$2: no such $1, or it cannot be read; see $3 in ./recipe.sh --help"; }
readable 'file of weights' "$weights" --weights
readable model "$model" --model
readable photo "$image" --image
readable 'list of labels' "$labels" --labels
[[ -z $images || (-d $images && -r $images) ]] || die "$images: no such folder, or it cannot be read; see --images"
if [[ -z $model ]]; then
    mkdir -p "$out" 2>/dev/null || die "$out: the folder cannot be made; choose another with --out"
    [[ -w $out ]] || die "$out: no files can be made there; choose another folder with --out"
fi

# ---- Helpers ----

scratch=$(mktemp -d)
# What an interrupted command leaves beside the file that it writes.
sweep() { rm -f "$out"/{mobilenet_v2,signs}_*.tflite{,.md}.tmp-??????; }
trap 'rm -rf "$scratch"; sweep' EXIT
trap 'exit 130' INT TERM
sweep

steps=7
if [[ -n $model ]]; then steps=4; fi
if [[ $npu == ethos-* ]]; then steps=8; fi
step=0
step() {
    step=$((step + 1))
    say "[$step/$steps] $*"
}

# Runs a command with its output moved to the right.
indented() { "$@" | sed '/./s/^/    /'; }

get_imagenet() {
    cat <<END
How to get ImageNet's weights (14.5 MB):
  - on a machine with network, download $official_url
    and put the file into ~/.keras/models here, or name it: ./recipe.sh --weights FILE;
  - or name any other MobileNetV2 that Keras saved, weights or a whole model;
  - or run a .tflite model that you have: ./recipe.sh --model FILE.tflite
END
}

# ---- Weights ----

# Sets $weights to the first place that has ImageNet's; false if none has.
find_weights() {
    local folder
    for folder in "$out" "${KERAS_HOME:-${HOME:-}/.keras}/models" ../shared/models; do
        weights=$folder/$official
        if [[ -f $weights && -r $weights ]]; then return 0; fi
    done
    weights=''
    return 1
}

# Downloads ImageNet's weights to $out/download, from where keep_download takes them when they have proved good.
download_weights() {
    local folder=$out/download bytes=0
    local file=$folder/$official
    (install_needs curl:curl curl:ca-certificates) || return 1
    mkdir -p "$folder"
    if [[ -f $file ]]; then bytes=$(($(wc -c <"$file"))); fi
    if [[ $bytes -ge $official_bytes ]]; then rm -f "$file"; fi
    if [[ $bytes -gt 0 && $bytes -lt $official_bytes ]]; then say "    going on from byte $bytes"; fi
    say "    $official_url"
    local how=(--silent --show-error)
    if [[ -t 2 ]]; then how=(--progress-bar); fi
    if ! curl --fail --location "${how[@]}" --retry 3 --connect-timeout 20 --speed-limit 1000 --speed-time 30 \
        --continue-at - --output "$file" "$official_url"; then
        say "    the download failed; what has arrived is kept, and the next run goes on from there"
        return 1
    fi
    bytes=$(($(wc -c <"$file")))
    if [[ $bytes -ne $official_bytes ]]; then
        rm -f "$file"
        say "    the download has $bytes bytes instead of $official_bytes and was thrown away"
        return 1
    fi
    weights=$file
}

keep_download() {
    if [[ $weights == "$out/download/$official" ]]; then
        mv "$weights" "$out/$official"
        weights=$out/$official
        rmdir "$out/download"
    fi
}

# Sets $weights, and what goes with the shipped model.
choose_weights() {
    local shipped
    if [[ -n $weights ]] || find_weights || { [[ $offline -eq 0 ]] && download_weights; }; then return; fi
    for shipped in models/signs_*.h5; do
        [[ -r $shipped ]] || continue
        weights=$shipped prefix=signs
        say "    ImageNet's weights are not in reach, so this is the small model that comes with the source: it knows"
        say "    road signs and nothing else."
        get_imagenet | sed 's/^/    /'
        return
    done
    {
        say "recipe.sh: no weights found, and none could be downloaded."
        get_imagenet
    } >&2
    exit 1
}

first_photo() {
    find "$1" -type f \( -iname '*.jpg' -o -iname '*.jpeg' -o -iname '*.png' -o -iname '*.webp' -o -iname '*.bmp' \) | LC_ALL=C sort | sed -n 1p
}

# Sets $images and $image where they are not given. A model of signs gets signs: drawn, if the program that draws
# them is built, else the few that come with it.
choose_photos() {
    local file
    if [[ $prefix == signs ]]; then
        if [[ -z $images && -x build/signs ]]; then draw_signs; fi
        if [[ -z $images && -d models/signs ]]; then images=models/signs; fi
        if [[ -z $image && -d models/signs ]]; then image=$(first_photo models/signs); fi
    else
        if [[ -z $images && -d ../shared/images/imagenet ]]; then images=../shared/images/imagenet; fi
        file=examples/chelsea.jpg
        if [[ -z $image && -r $file ]]; then image=$file; fi
    fi
    if [[ -z $image && -n $images ]]; then
        image=$(first_photo "$images")
    fi
    calibration=$images
    if [[ -n $drawn ]]; then calibration=$drawn/val; fi
}

draw_signs() {
    local split
    drawn=$out/signs
    for split in val:360 test:1800; do
        build/signs --out "$drawn/${split%:*}" --split "${split%:*}" --count "${split#*:}" >"$scratch/log" 2>&1 || {
            drawn=''
            return
        }
    done
    images=$drawn/test
}

# ---- The two models ----

# ImageNet's weights, wherever they lie, must have the structure that Keras published.
check_official() {
    local found='' remedy='remove the file and run this again'
    if build/mobilenet convert "$weights" -o "$scratch/float.tflite" >"$scratch/log"; then
        found=$(sed -n 's/.* \([0-9]*\) parameters.*/\1/p' "$scratch/log")
    fi
    if [[ $found == "$official_parameters" ]]; then
        keep_download
        return
    fi
    if [[ $weights == "$out/download/$official" ]]; then
        rm -f "$weights"
        remedy='the download was thrown away, run this again'
    fi
    die "$weights: has ${found:-no} parameters instead of $official_parameters; $remedy"
}

convert() {
    if [[ ${weights##*/} == "$official" ]]; then check_official; fi
    indented build/mobilenet convert "$weights" -o "$float"
}

quantise() {
    local scales=()
    case $npu in
    ethos-*) scales=(--dense per-tensor) ;;
    vx)
        scales=(--per-tensor)
        say "    one scale for all weights of a layer: with one for each channel VeriSilicon's NPUs of this kind take several"
        say "    times as long (76 ms instead of 12 on an STM32MP25, by ST's model zoo); docs/npu.md"
        ;;
    esac
    if [[ -n $calibration ]]; then
        indented build/mobilenet quantize "$weights" -o "$int8" --images "$calibration" --limit "$calibration_photos" \
            "${scales[@]}" "${as_stored[@]}"
    else
        indented build/mobilenet quantize "$weights" -o "$int8" --data-free "${scales[@]}"
    fi
}

# Sets $compiled to what Vela makes of $int8; leaves it empty without Vela, which ends the run badly when all else is
# done.
compile() {
    local status=0
    scripts/vela.sh --npu "$npu" --out "$out" "$int8" >"$scratch/log" 2>&1 || status=$?
    sed '/./s/^/    /' "$scratch/log"
    [[ $status -ne 77 ]] || return 0
    [[ $status -eq 0 ]] || exit 1
    compiled=${int8%.tflite}_vela.tflite
    if [[ $npu == ethos-u65-256 && ${weights##*/} == "$official" ]]; then
        say "    published for MobileNetV2 1.0 224 on an i.MX 93: 3.46 ms (NXP's eIQ model zoo). Vela's estimates of one"
        say "    file differ by half with its version and the memory configuration (docs/npu.md): that one of them is"
        say "    near validates nothing"
    fi
}

# What to type on the board.
on_board() {
    case $npu in
    ethos-u65-256) say "On an i.MX 93: benchmark_model --graph=$(basename "$compiled") --external_delegate_path=/usr/lib/libethosu_delegate.so" ;;
    ethos-*) say "$compiled is for the $npu of a microcontroller or a board of yours; what runs it there is its maker's" ;;
    vx) say "On an i.MX 8M Plus: benchmark_model --graph=$(basename "$int8") --external_delegate_path=/usr/lib/libvx_delegate.so" ;;
    esac
}

# classify MODEL [OPTION...]
classify() {
    if [[ -n $image ]]; then
        indented build/mobilenet classify -m "$1" -i "$image" -k 5 "${with_labels[@]}" "${as_stored[@]}" "${@:2}"
    else
        say "    no photo at hand; classify yours with: build/mobilenet classify -m $1 PHOTO.jpg"
    fi
}

# ---- Figures, all from what the commands print for scripts ----

# share KEY N: the Nth fraction named KEY of the evaluation in per cent; - if there is none.
share() {
    local value
    value=$(grep -o "\"$1\": {[^}]*}" "$scratch/evaluation" | sed -n "$2p" | sed 's/.*"share": \([0-9.e+-]*\).*/\1/')
    if [[ -n $value ]]; then awk -v x="$value" 'BEGIN { printf "%.2f %%", 100 * x }'; else printf -- -; fi
}

# number KEY: a number of the evaluation.
number() { sed -n "s/.*\"$1\": \([0-9.e+-]*\).*/\1/p" "$scratch/evaluation"; }

# Average milliseconds of one run with one thread: latency MODEL
latency() {
    local average
    build/benchmark_model --graph="$1" --num_threads=1 --num_runs=10 --min_secs=0.5 --max_secs=10 \
        --warmup_runs=1 --warmup_min_secs=0 >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; return 1; }
    average=$(sed -n 's/.*Inference (avg): \([0-9.e+]*\).*/\1/p' "$scratch/log" | tail -n 1)
    awk -v us="$average" 'BEGIN { printf "%.2f ms", us / 1000 }'
}

row() { printf '    %-44s %12s %9s %9s %10s\n' "$@"; }

# One line of the table: measure MODEL N, N being the model's place in the evaluation.
measure() {
    local time
    time=$(latency "$1") || return 1
    row "$(basename "$1")" "$(($(wc -c <"$1"))) B" "$(share top1 "$2")" "$(share top5 "$2")" "$time"
}

# The table of one or two models: figures MODEL [MODEL]
figures() {
    : >"$scratch/evaluation"
    if [[ -n $images ]]; then
        local compared=()
        if [[ $# -eq 2 ]]; then compared=(--compare "$2"); fi
        build/mobilenet evaluate -m "$1" --images "$images" "${compared[@]}" "${with_labels[@]}" "${as_stored[@]}" \
            --json \
            >"$scratch/evaluation" || return 1
    fi
    row model size top-1 top-5 '1 thread'
    measure "$1" 1
    if [[ $# -eq 2 ]]; then measure "$2" 2; fi
    explain "$@"
}

# What the figures mean.
explain() {
    if [[ -z $images ]]; then
        say "    accuracy: no photos at hand; give a folder of photos whose classes are known with --images"
        return
    fi
    local known
    known=$(number known)
    say "    accuracy: ${known:-0} photos of $images whose class is known"
    if [[ $# -eq 2 ]]; then
        say "    int8 and float agree on the best class of $(share agreement 1) of $(number evaluated) photos; mean KL" \
            "divergence $(awk -v x="$(number divergence)" 'BEGIN { printf "%.3f", x }') nats"
    fi
    if [[ $# -eq 2 && $calibration == "$images" ]]; then
        say "    up to $calibration_photos of these photos, but not their classes, also set the ranges of 8-bit values"
    fi
}

# ---- The run ----

prefix=mobilenet_v2 drawn='' calibration='' compiled=''
step packages
install_needs "${build_needs[@]}"
if [[ -z $model ]]; then
    step weights
    choose_weights
    say "    $weights"
fi
step "build (preset release)"
targets=(installed) # what cmake --install needs, and no more
if [[ $prefix == signs ]] && have cairo/cairo.h; then targets+=(signs); fi
build release "${targets[@]}"
choose_photos
beside=${model:-$weights}
beside=${beside%.*}.labels.txt
if [[ -z $labels && -r $beside ]]; then labels=$beside; fi
with_labels=()
if [[ -n $labels ]]; then with_labels=(--labels "$labels"); fi

if [[ -n $model ]]; then
    step classify
    classify "$model"
    step "size, accuracy, latency"
    figures "$model"
else
    float=$out/${prefix}_float32.tflite
    int8=$out/${prefix}_quant_int8${npu:+_$npu}.tflite
    step "convert to a float model"
    convert
    step "quantise to int8"
    quantise
    if [[ $npu == ethos-* ]]; then
        step "compile for $npu"
        compile
    fi
    step classify
    classify "$int8"
    if [[ -n $compiled && -n $image ]]; then
        say "    the same from the compiled model, its NPU emulated:"
        classify "$compiled" --npu=emulate
    fi
    step "size, accuracy, latency"
    figures "$int8" "$float"
fi
say "Used: $(build/mobilenet --version | head -n 1), $(cc --version | head -n 1)"
say "      $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(uname -m), $(uname -s)"
if [[ -z $compiled && $npu == ethos-* ]]; then die "$int8 is not compiled: Vela is missing; how to install it is above"; fi
on_board
