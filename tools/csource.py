"""What the source checks share: reading C without a compiler.

It relies on the house formatting (clang-format has run): a function's name
and its braces stand in the first column.
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent

_NOISE = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def _blank(match):
    text = match.group(0)
    newlines = "\n" * text.count("\n")
    if text[0] == "/":
        return " " + newlines
    return text[0] + text[0]


def without_comments(text):
    """The text with strings emptied and comments gone; lines keep numbers."""
    return _NOISE.sub(_blank, text)


def files(*folders, suffixes=(".c", ".h")):
    """All such files below the folders, sorted, as paths from the root."""
    found = []
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if "node_modules" in path.parts:
                continue  # not ours
            if path.suffix in suffixes and path.is_file():
                found.append(path.relative_to(ROOT))
    return found


class Report:
    """Counts files; a file with at least one complaint has failed."""

    def __init__(self, name):
        self.name = name
        self.passed = 0
        self.failed = 0

    def file(self, path, complaints):
        for line, complaint in complaints:
            print(f"{path}:{line}: {complaint}")
        if complaints:
            self.failed += 1
        else:
            self.passed += 1

    def end(self):
        print(f"{self.name}: {self.passed} passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0
