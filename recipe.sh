#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: ./recipe.sh [--model FILE.tflite] [--image PHOTO] [--offline]
#
# From a fresh Debian machine to a classified photo: finds a model, installs what is missing, builds, classifies the
# photo and measures the latency. Once it has run, it needs no network.
#
#   --model FILE   the model; else $MOBILENET_MODEL, else the first of models/ and ../shared/models/
#   --image PHOTO  a JPEG or PNG file; else the first of examples/*.jpg and ../shared/images/example_input.jpg
#   --offline      install nothing; missing packages end the run with the command that installs them
#   --help         this text
source "$(dirname "$0")/scripts/lib.sh"

here=$OLDPWD # relative paths in the arguments are the caller's
model=${MOBILENET_MODEL:-}
image=
while [[ $# -gt 0 ]]; do
    case $1 in
    --help) usage; exit 0 ;;
    --offline) offline=1 ;;
    --model=*) model=${1#*=} ;;
    --image=*) image=${1#*=} ;;
    --model | --image)
        [[ $# -ge 2 ]] || die "$1 needs a file; see ./recipe.sh --help"
        if [[ $1 == --model ]]; then model=$2; else image=$2; fi
        shift
        ;;
    *) die "unknown argument $1; see ./recipe.sh --help" ;;
    esac
    shift
done

# The caller's path as seen from here, or the first file that exists: choose GIVEN CANDIDATE...
choose() {
    local given=$1 file
    shift
    if [[ $given == /* ]]; then
        echo "$given"
    elif [[ -n $given ]]; then
        echo "$here/$given"
    else
        for file in "$@"; do
            if [[ -r $file ]]; then echo "$file"; return; fi
        done
    fi
}

say "[1/5] model and photo"
# Models with int8 inside come first: the glob lists them before the rest.
model=$(choose "$model" models/*int8*.tflite models/*ptq*.tflite models/*.tflite \
    ../shared/models/*int8*.tflite ../shared/models/*ptq*.tflite ../shared/models/*.tflite)
if [[ -z $model ]]; then
    cat >&2 <<END
recipe.sh: no model found. Any MobileNet classifier as a .tflite file will do, int8, uint8 or float:
  - download one, for example tf2_mobilenet_v2_1.0_224_ptq.tflite of the GitHub repository google-coral/test_data;
  - or convert one in Python with TensorFlow: README.md, "Getting a model".
Then put it into models/, or run ./recipe.sh --model FILE.tflite, or set MOBILENET_MODEL.
END
    exit 1
fi
[[ -r $model ]] || die "$model: cannot be read; give a .tflite file with --model"
image=$(choose "$image" examples/*.jpg ../shared/images/example_input.jpg)
[[ -n $image ]] || die "no photo found; name a JPEG or PNG file with --image"
[[ -r $image ]] || die "$image: cannot be read; give a JPEG or PNG file with --image"
say "    $model"
say "    $image"

say "[2/5] packages"
install_needs "${build_needs[@]}"

say "[3/5] build (preset release)"
build release mobilenet_command benchmark_model_command

say "[4/5] classify"
build/mobilenet classify -m "$model" -i "$image" -k 5

say "[5/5] latency (one thread)"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
build/benchmark_model --graph="$model" --num_threads=1 --num_runs=10 --min_secs=0.5 --max_secs=10 \
    --warmup_runs=1 --warmup_min_secs=0 >"$log" 2>&1 || { cat "$log" >&2; die "build/benchmark_model failed"; }
average=$(sed -n 's/.*Inference (avg): \([0-9.e+]*\).*/\1/p' "$log" | tail -n 1)
[[ -n $average ]] || { cat "$log" >&2; die "build/benchmark_model printed no average"; }
awk -v us="$average" 'BEGIN { printf "    %.2f ms per photo, average\n", us / 1000 }'

say "Used: $(build/mobilenet --version | head -n 1), $(cc --version | head -n 1)"
say "      $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(uname -m), $(uname -s)"
