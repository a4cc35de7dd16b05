#compdef benchmark_model
# SPDX-License-Identifier: MIT
# The first call of this function replaces it.
eval "$(benchmark_model --completion=zsh 2>/dev/null)"
_benchmark_model "$@"
