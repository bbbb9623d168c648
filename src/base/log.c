#include "base/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/timestamp.h"

enum { KINDS = 64, LINE_MAX_LEN = 4096 };

/* Burst counters by kind; a slot is taken over when its second is past. */
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

/** Whether a line of this kind may go out; tells how many were held back. */
static bool
admit(const char *what, unsigned *ret_held)
{
	int64_t second = clock_monotonic() / SECONDS;
	struct kind *kind = &kinds[((uintptr_t)what >> 3) % KINDS];
	bool is_admitted;

	*ret_held = 0;
	pthread_mutex_lock(&kinds_lock);
	if (kind->what != what || kind->second != second) {
		if (kind->what == what && kind->count > LOG_BURST)
			*ret_held = kind->count - LOG_BURST;
		*kind = (struct kind){what, second, 0};
	}
	is_admitted = ++kind->count <= LOG_BURST;
	pthread_mutex_unlock(&kinds_lock);
	return is_admitted;
}

/** Control characters would let an input forge a line: write them as '?'. */
static void
defuse(struct buf *line)
{
	for (size_t i = 0; i < line->len; i++) {
		unsigned char c = (unsigned char)line->ptr[i];

		if (c < 0x20 || c == 0x7F)
			line->ptr[i] = '?';
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
	if (held)
		buf_printf(&line, " held_back=%u", held);
	buf_truncate(&line, LINE_MAX_LEN);
	defuse(&line);
	buf_append_char(&line, '\n');
	if (write(STDERR_FILENO, line.ptr, line.len) < 0)
		return; /* nowhere left to tell */
}
