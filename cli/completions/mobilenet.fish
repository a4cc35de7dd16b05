# SPDX-License-Identifier: MIT
mobilenet completion fish 2>/dev/null | source
