"""Makes a C source with the bytes of a file: embed.py INPUT OUTPUT NAME."""
import sys

path, output, name = sys.argv[1:]
with open(path, "rb") as file:
    data = file.read() + b"\0"
with open(output, "w", encoding="ascii") as file:
    file.write("extern const char %s[%d];\n" % (name, len(data)))
    file.write("const char %s[%d] = {\n" % (name, len(data)))
    for at in range(0, len(data), 16):
        row = (str(byte) for byte in data[at : at + 16])
        file.write("\t%s,\n" % ", ".join(row))
    file.write("};\n")
