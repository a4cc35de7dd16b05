# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""The command `mobilenet` that comes with the package: `mobilenet`, or `python -m mobilenet_c`."""

from __future__ import annotations

import os
import sys

from .errors import MobileNetError
from .tools import command


def main() -> None:
    """Becomes the command."""
    try:
        path = command()
    except MobileNetError as error:
        sys.exit(str(error))
    os.execv(path, ["mobilenet", *sys.argv[1:]])


if __name__ == "__main__":
    main()
