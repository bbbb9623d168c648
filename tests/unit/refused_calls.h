#pragma once
#include <stdbool.h>

/**
 * From here on this test's process gets EPERM for a system call, as in a
 * container whose runtime forbids it. False: it cannot be had.
 */
bool refuse_call(long number);
