#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
#
# Prints the path of a Python with LiteRT, and as far as available OpenVINO, ONNX and ONNX Runtime: the environment of
# scripts/oracle-venv.sh with these added. $MOBILENET_ORACLE_PYTHON is used unchanged. Exits with 77, with the reason on
# standard error, without LiteRT.
case ${1:-} in -h | --help)
    awk 'NR > 4 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"
    exit 0
    ;;
esac
set -u
cd "$(dirname "$0")/.." || exit 1

python=$(scripts/oracle-venv.sh) || exit $?
if [ -z "${MOBILENET_ORACLE_PYTHON:-}" ]; then
    for module in openvino onnx onnxruntime; do
        "$python" -c "import $module" 2>/dev/null && continue
        log=$("$python" -m pip install --quiet --disable-pip-version-check --retries 1 --timeout 20 "$module" 2>&1) ||
            echo "SKIPPED: pip cannot install $module: ${log##*$'\n'}" >&2
    done
fi
echo "$python"
