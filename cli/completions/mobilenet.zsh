#compdef mobilenet
# SPDX-License-Identifier: MIT
# The first call of this function replaces it.
eval "$(mobilenet completion zsh 2>/dev/null)"
_mobilenet "$@"
