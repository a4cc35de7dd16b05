#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
#
# Prints the path of a Python that has LiteRT, NumPy and Pillow, making a virtual environment in build/oracle-venv
# once. $MOBILENET_ORACLE_PYTHON names an existing interpreter instead. Exit status 77, with the reason on standard
# error, when it cannot be had.
set -u
cd "$(dirname "$0")/.." || exit 1

skip() {
    echo "SKIPPED: $1" >&2
    exit 77
}

complete() { "$1" -c 'import ai_edge_litert.interpreter, flatbuffers, numpy, PIL' 2>/dev/null; }

if [ -n "${MOBILENET_ORACLE_PYTHON:-}" ]; then
    complete "$MOBILENET_ORACLE_PYTHON" || skip "$MOBILENET_ORACLE_PYTHON lacks ai-edge-litert, flatbuffers, numpy or pillow"
    echo "$MOBILENET_ORACLE_PYTHON"
    exit 0
fi

folder=build/oracle-venv
python=$PWD/$folder/bin/python
if ! complete "$python"; then
    command -v python3 >/dev/null || skip "python3 is missing (on Debian: apt-get install python3-venv)"
    rm -rf "$folder"
    log=$(python3 -m venv "$folder" 2>&1) ||
        skip "no virtual environment (on Debian: apt-get install python3-venv): ${log%%$'\n'*}"
    log=$("$python" -m pip install --quiet --disable-pip-version-check --retries 1 --timeout 20 \
        ai-edge-litert flatbuffers numpy pillow 2>&1) ||
        skip "pip cannot install ai-edge-litert; is the package registry reachable? ${log##*$'\n'}"
    complete "$python" || skip "ai-edge-litert was installed but does not load"
fi
echo "$python"
