# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Bytes of a program by object and kind, from the linker's map."""
import re
from dataclasses import dataclass

# An input section, whose name may be on a line of its own: " .text.main  0x000001f4  0x3c folder/main.o"
SECTION = re.compile(r"^ (\.[\w.]+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S+)$", re.MULTILINE)
MEMORY = "\nLinker script and memory map\n"


@dataclass
class Sizes:
    code: int = 0
    constants: int = 0  # but for weights
    weights: int = 0
    memory: int = 0     # that is written: initialised or zeroed


def kind_of(section):
    for prefix, kind in ((".text", "code"), (".rodata", "constants"), (".srodata", "constants"),
                         (".weights", "weights"), (".data", "memory"), (".sdata", "memory"), (".bss", "memory"),
                         (".sbss", "memory")):
        if section.startswith(prefix):
            return kind
    return None


def weights_of(path):
    """Addresses where the weights begin and end."""
    begin, size = re.search(r"^\.weights\s+(0x[0-9a-f]+)\s+(0x[0-9a-f]+)", path.read_text(encoding="utf-8"),
                            re.MULTILINE).groups()
    return int(begin, 16), int(begin, 16) + int(size, 16)


def sections_of(path, is_counted):
    """(kind, begin, bytes) of the objects whose name (network.o) `is_counted` says is one."""
    text = path.read_text(encoding="utf-8")
    for section, begin, size, name in SECTION.findall(text[text.index(MEMORY):]):
        kind = kind_of(section)
        if kind and is_counted(name.rsplit("/", 1)[-1]):
            yield kind, int(begin, 16), int(size, 16)


def sizes_of(path, is_counted):
    sizes = Sizes()
    for kind, _, size in sections_of(path, is_counted):
        setattr(sizes, kind, getattr(sizes, kind) + size)
    return sizes


def code_of(path, is_counted):
    """Addresses where code begins and ends."""
    return [(begin, begin + size) for kind, begin, size in sections_of(path, is_counted) if kind == "code"]
