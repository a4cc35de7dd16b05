# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Operators on other hardware: external delegates of TensorFlow Lite, and an emulated Ethos-U."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from . import _library as lib


class Delegate:
    """The external TensorFlow Lite delegate in the shared library `library`, with options documented by its vendor.

        session = Session("model.tflite", delegates=[Delegate("libvx_delegate.so", {"device_id": 0})])

    It is closed when it is no longer used.

    Raises FileAccessError (no such library), FormatError (no delegate), ArgumentError (options), UnsupportedError.
    """

    def __init__(self, library: lib.PathLike, options: Optional[Mapping[str, Any]] = None) -> None:
        pairs = ";".join(f"{key}:{value}" for key, value in (options or {}).items())
        path = lib.encode(library)
        told = pairs.encode("utf-8") if options else None
        self.handle = lib.Handle(
            lambda out: lib.core.mn_delegate_open_external(path, told, out), lib.core.mn_delegate_close
        )

    @classmethod
    def ethos_u(cls) -> "Delegate":
        """Emulates Arm's Ethos-U55 and Ethos-U65 for models compiled by Vela, with the same bytes."""
        delegate = cls.__new__(cls)
        delegate.handle = lib.Handle(lib.core.mn_delegate_open_ethosu, lib.core.mn_delegate_close)
        return delegate

    @property
    def name(self) -> str:
        """What sentences call it: the name of the library's file, or "ethos-u"."""
        return lib.text(lib.core.mn_delegate_name(self.handle.pointer))

    def __repr__(self) -> str:
        return f"<Delegate {self.name!r}>"
