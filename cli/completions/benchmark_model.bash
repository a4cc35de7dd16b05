# SPDX-License-Identifier: MIT
# shellcheck shell=bash
eval "$(benchmark_model --completion=bash 2>/dev/null)"
