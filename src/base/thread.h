#pragma once

/*
 * Names of threads, as `top -H`, `ps -L`, gdb and /proc show them, so that who
 * looks at a busy hub sees which part of it is at work. The main thread keeps
 * the program's name; each other one calls one of these first of all, or it
 * bears the name of the thread that started it.
 */

enum { THREAD_NAME_MAX = 15 }; /* bytes; the kernel keeps no more */

/** The calling thread is the only one of its kind. `name` is not kept. */
void thread_name(const char *name);

/** One of several: "worker-0". What does not fit is cut off the name. */
void thread_name_of(const char *name, unsigned number);
