#!/usr/bin/env python3
"""Holds the source to the rules that a compiler cannot see.

- A file includes only headers of its own layer and of those before it.
- Every header says `#pragma once`.
- malloc and its kin appear in base/ only; the banned functions nowhere.

Prints each breach as FILE:LINE and `layers: N passed, N failed`, counted in
files.
"""

import re
import sys

import csource

LAYERS = ["base", "rule", "net", "store", "pipeline", "flow", "api", "cli",
          "main"]
BANNED = ("strcpy strcat sprintf vsprintf strncpy strtok atoi gets localtime "
          "gmtime ctime alloca system popen").split()
ALLOCATING = "malloc calloc realloc free".split()

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def call_of(names):
    return re.compile(r"(?<![\w.>])(" + "|".join(names) + r")\s*\(")


BANNED_CALL = call_of(BANNED)
ALLOCATING_CALL = call_of(ALLOCATING)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def layer_of(path):
    """The layer of a path below src/, or None."""
    name = path.split("/")[0].removesuffix(".c").removesuffix(".h")
    return LAYERS.index(name) if name in LAYERS else None


def check_includes(path, text):
    own = layer_of(path)
    if own is None:
        yield 1, f"this folder is no layer; they are: {' '.join(LAYERS)}"
        return
    for match in INCLUDE.finditer(text):
        line = line_of(text, match.start(1))
        if "/" not in match.group(1):
            yield line, f'"{match.group(1)}" must be spelled from src/'
            continue
        other = layer_of(match.group(1))
        if other is None:
            yield line, f'"{match.group(1)}" is of no layer'
        elif other > own:
            yield line, (f"{LAYERS[own]} includes {match.group(1)}, which is "
                         f"of the later layer {LAYERS[other]}")


def check_words(path, text):
    bare = csource.without_comments(text)
    for match in BANNED_CALL.finditer(bare):
        yield line_of(bare, match.start()), f"{match.group(1)} is banned"
    if path.startswith("base/"):
        return
    for match in ALLOCATING_CALL.finditer(bare):
        yield (line_of(bare, match.start()),
               f"{match.group(1)} outside base/: use mem_* or an arena")


def main():
    report = csource.Report("layers")
    for path in csource.files("src"):
        text = (csource.ROOT / path).read_text()
        below_src = path.relative_to("src").as_posix()
        complaints = list(check_includes(below_src, text))
        complaints += check_words(below_src, text)
        if path.suffix == ".h" and "#pragma once" not in text:
            complaints.append((1, "a header without #pragma once"))
        report.file(path, complaints)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
