#pragma once
#include "base/str.h"

/*
 * Files that are compiled into the binary. tools/embed.py makes an array of
 * them for a list of files, and a header that declares it; a meson.build says
 * which (src/rule/meson.build for an example).
 */
struct embedded_file {
	struct str name;  /* without its folder: "compute-ops.json" */
	struct str bytes; /* as they are; a NUL follows */
};
