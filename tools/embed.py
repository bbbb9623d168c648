#!/usr/bin/env python3
"""Turns files into C: embed.py OUT.c OUT.h SYMBOL FILE...

OUT.h declares `extern const struct embedded_file SYMBOL[]` and an enum with
SYMBOL_COUNT in upper case; OUT.c defines it. Each row has the file's name
without its folder and its bytes, which are followed by a NUL that does not
count.
"""
import os
import sys


def bytes_as_c(data):
    rows = []
    for start in range(0, len(data) + 1, 20):
        row = (data + b"\0")[start:start + 20]
        rows.append("\t" + ",".join(str(byte) for byte in row) + ",")
    return "\n".join(rows)


def main():
    out_c, out_h, symbol, *files = sys.argv[1:]
    files.sort(key=os.path.basename)
    with open(out_h, "w") as out:
        out.write("/* Made by tools/embed.py. */\n#pragma once\n"
                  '#include "base/embedded.h"\n\n'
                  f"enum {{ {symbol.upper()}_COUNT = {len(files)} }};\n"
                  f"extern const struct embedded_file {symbol}[];\n")
    with open(out_c, "w") as out:
        out.write("/* Made by tools/embed.py. */\n"
                  f'#include "{os.path.basename(out_h)}"\n')
        for number, path in enumerate(files):
            with open(path, "rb") as file:
                data = file.read()
            out.write(f"\nstatic const unsigned char file_{number}[] = {{\n"
                      f"{bytes_as_c(data)}\n}};\n")
        out.write(f"\nconst struct embedded_file {symbol}[] = {{\n")
        for number, path in enumerate(files):
            name = os.path.basename(path)
            out.write(f'\t{{STR_INIT("{name}"), {{(const char *)file_{number},'
                      f" sizeof(file_{number}) - 1}}}},\n")
        out.write("};\n")


main()
