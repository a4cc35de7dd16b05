# SPDX-License-Identifier: MIT
benchmark_model --completion=fish 2>/dev/null | source
