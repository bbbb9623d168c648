#pragma once
#include <stddef.h>
#include <stdint.h>

/*
 * What a fuzz target defines: runs one input through a parser and aborts when
 * something that must hold does not. Called by libFuzzer or by replay.c.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
