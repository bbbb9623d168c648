#include "base/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/timestamp.h"

enum { KINDS = 512, LINE_MAX_LEN = 4096 };

/*
 * Burst counters by kind. Kinds are constants of the program, so a slot is
 * never given up; past KINDS of them the rest is not held back.
 */
struct kind {
	const char *what;
	int64_t second;
	unsigned count;
};

static atomic_int level_shown = LOG_INFO;
static pthread_mutex_t kinds_lock = PTHREAD_MUTEX_INITIALIZER;
static struct kind kinds[KINDS];

void
log_set_level(enum log_level level)
{
	atomic_store(&level_shown, (int)level);
}

/** The slot of `what`, taken if it had none; NULL when all are taken. */
static struct kind *
find_kind(const char *what)
{
	size_t start = ((uintptr_t)what >> 3) % KINDS;

	for (size_t i = 0; i < KINDS; i++) {
		struct kind *kind = &kinds[(start + i) % KINDS];

		if (kind->what == NULL)
			kind->what = what;
		if (kind->what == what)
			return kind;
	}
	return NULL;
}

/** Whether a line of this kind may go out; tells how many were held back. */
static bool
admit(const char *what, unsigned *ret_held)
{
	int64_t second = clock_monotonic() / SECONDS;
	struct kind *kind;
	bool is_admitted = true;

	*ret_held = 0;
	pthread_mutex_lock(&kinds_lock);
	kind = find_kind(what);
	if (kind != NULL && kind->second != second) {
		if (kind->count > LOG_BURST)
			*ret_held = kind->count - LOG_BURST;
		kind->second = second;
		kind->count = 0;
	}
	if (kind != NULL)
		is_admitted = ++kind->count <= LOG_BURST;
	pthread_mutex_unlock(&kinds_lock);
	return is_admitted;
}

const char *
log_quoted(struct arena *arena, struct str text)
{
	char *quoted = arena_alloc_raw(arena, 2 * text.len + 3);
	size_t len = 0;

	quoted[len++] = '"';
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '"' || text.ptr[i] == '\\')
			quoted[len++] = '\\';
		quoted[len++] = text.ptr[i] ? text.ptr[i] : '?';
	}
	quoted[len++] = '"';
	quoted[len] = '\0';
	return quoted;
}

/**
 * Control characters would let an input forge a line or drive a terminal:
 * write them as '?'. U+0080 to U+009F are C2 80 to C2 9F in UTF-8.
 */
static void
defuse(struct buf *line)
{
	for (size_t i = 0; i < line->len; i++) {
		unsigned char c = (unsigned char)line->ptr[i];
		unsigned char next = (unsigned char)line->ptr[i + 1];

		if (c < 0x20 || c == 0x7F)
			line->ptr[i] = '?';
		else if (c == 0xC2 && next >= 0x80 && next <= 0x9F)
			line->ptr[i] = line->ptr[i + 1] = '?';
	}
}

void
log_write(enum log_level level, const char *what, const char *format, ...)
{
	static const char *const names[] = {
		"error", "warning", "info", "debug"};
	CLEANUP(buf_release) struct buf line = buf_make(0);
	unsigned held;
	va_list args;

	if ((int)level >
		atomic_load_explicit(&level_shown, memory_order_relaxed))
		return;
	if (!admit(what, &held))
		return;
	timestamp_append(&line, clock_now());
	buf_printf(&line, " %s %s ", names[level], what);
	va_start(args, format);
	buf_vprintf(&line, format, args);
	va_end(args);
	buf_truncate(&line, LINE_MAX_LEN);
	if (held)
		buf_printf(&line, " held_back=%u", held);
	defuse(&line);
	buf_append_char(&line, '\n');
	if (write(STDERR_FILENO, line.ptr, line.len) < 0)
		return; /* nowhere left to tell */
}
