# SPDX-License-Identifier: MIT
# shellcheck shell=bash
eval "$(mobilenet completion bash 2>/dev/null)"
