#!/usr/bin/env python3
"""Holds files and functions to the sizes of CONTRIBUTING.md.

A function: 60 lines between its braces, 6 parameters, 3 levels of nesting
(`else if` goes no deeper). A file: 500 lines; tables at file level and blank
lines around them do not count. What must be larger stands in
tools/size-exceptions.txt with its reason; an exception nobody needs any more
is a failure too.

Prints each breach and `sizes: N passed, N failed`, counted in files.
"""

import re
import sys

import csource

LINES_MAX = 60
PARAMETERS_MAX = 6
NESTING_MAX = 3
FILE_MAX = 500

EXCEPTIONS = csource.ROOT / "tools/size-exceptions.txt"

HEAD = re.compile(r"^(\w+)\(", re.M)
TABLE = re.compile(r"^[^\n#}]*=\s*\{\s*\n.*?^\};", re.M | re.S)
TOKEN = re.compile(r"\w+|\S")
CLOSING = {"(": ")", "[": "]", "{": "}"}


class Nesting:
    """Finds how deep control statements stand in each other."""

    def __init__(self, body):
        without_macros = re.sub(r"^\s*#(?:.*\\\n)*.*$", "", body, flags=re.M)
        self.tokens = TOKEN.findall(without_macros)
        self.at = 0
        self.deepest = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def skip_group(self):
        """Past a balanced (…), […] or {…} that begins here."""
        depth = 0
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            depth += token in CLOSING
            depth -= token in CLOSING.values()
            if depth == 0:
                return

    def skip_until(self, end):
        while self.peek() not in (end, ""):
            if self.peek() in CLOSING:
                self.skip_group()
            else:
                self.at += 1
        self.at += 1

    def block(self, depth):
        self.at += 1
        while self.peek() not in ("}", ""):
            self.statement(depth)
        self.at += 1

    def branch(self, depth):
        self.deepest = max(self.deepest, depth)
        self.statement(depth)

    def statement(self, depth):
        token = self.peek()
        if token == "{":
            self.block(depth)
        elif token == "if":
            self.at += 1
            self.skip_group()
            self.branch(depth + 1)
            if self.peek() == "else":
                self.at += 1
                # `else if` is one more row, not one more level.
                if self.peek() == "if":
                    self.statement(depth)
                else:
                    self.branch(depth + 1)
        elif token in ("for", "while", "switch"):
            self.at += 1
            self.skip_group()
            self.branch(depth + 1)
        elif token == "do":
            self.at += 1
            self.branch(depth + 1)
            self.skip_until(";")
        elif token in ("case", "default"):
            self.skip_until(":")
        else:
            self.simple(depth)

    def simple(self, depth):
        """An expression, a declaration, a label, or a looping macro."""
        start = self.at
        while self.peek() not in (";", "", "}"):
            if self.peek() == ":" and self.at == start + 1:
                break
            if self.peek() == "{" and self.tokens[self.at - 1] == ")" \
                    and self.tokens[start].isupper():
                self.branch(depth + 1)
                return
            if self.peek() in CLOSING:
                self.skip_group()
            else:
                self.at += 1
        if self.peek() != "}":
            self.at += 1


def parameter_count(text, opening):
    depth, commas = 0, 0
    for at in range(opening, len(text)):
        depth += text[at] in "(["
        depth -= text[at] in ")]"
        commas += text[at] == "," and depth == 1
        if depth == 0:
            inside = text[opening + 1:at].strip()
            return 0 if inside in ("", "void") else commas + 1, at
    return 0, len(text)


def functions(text):
    """(name, line, body, parameters) of each function defined."""
    for match in HEAD.finditer(text):
        count, end = parameter_count(text, match.end() - 1)
        if not re.match(r"\)\s*\n\{", text[end:]):
            continue
        start = text.index("{", end)
        stop = text.find("\n}", start)
        line = text.count("\n", 0, match.start()) + 1
        yield match.group(1), line, text[start + 1:stop], count


def check_function(name, line, body, parameters):
    lines = body.count("\n")
    if lines > LINES_MAX:
        yield name, line, f"{name} has {lines} lines, {LINES_MAX} at most"
    if parameters > PARAMETERS_MAX:
        yield name, line, (f"{name} has {parameters} parameters, "
                           f"{PARAMETERS_MAX} at most")
    nesting = Nesting("{" + body + "}")
    nesting.statement(0)
    if nesting.deepest > NESTING_MAX:
        yield name, line, (f"{name} nests {nesting.deepest} deep, "
                           f"{NESTING_MAX} at most")


def check_file(path, text):
    """(what, line, complaint); what is "" for the file itself."""
    if path.suffix in (".c", ".h"):
        text = csource.without_comments(text)
        for function in functions(text):
            yield from check_function(*function)
    tables = sum(m.group(0).count("\n") + 1 for m in TABLE.finditer(text)) \
        if path.suffix in (".c", ".h") else 0
    lines = text.count("\n") - tables
    if lines > FILE_MAX:
        yield "", 1, f"{lines} lines, {FILE_MAX} at most"


def read_exceptions():
    """{"path" or "path:function"} with reasons; a missing reason raises."""
    found = {}
    if not EXCEPTIONS.exists():
        return found
    for number, line in enumerate(EXCEPTIONS.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        what, _, why = line.partition("\t")
        if len(why.split()) < 4:
            sys.exit(f"{EXCEPTIONS}:{number}: say why, after a tab")
        found[what] = why
    return found


def main():
    report = csource.Report("sizes")
    unused = read_exceptions()
    known = set(unused)
    paths = csource.files("src", "tests", "fuzz", "tools", "bench",
                          suffixes=(".c", ".h", ".py", ".mjs", ".sh", ".lua"))
    for path in paths:
        complaints = []
        text = (csource.ROOT / path).read_text()
        for what, line, complaint in check_file(path, text):
            key = f"{path}:{what}" if what else str(path)
            unused.pop(key, None)
            if key not in known:
                complaints.append((line, complaint))
        report.file(path, complaints)
    for what in unused:
        report.file(EXCEPTIONS.relative_to(csource.ROOT),
                    [(1, f"{what} needs no exception any more")])
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
