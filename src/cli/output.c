#include "cli/output.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static FILE *test_out;
static FILE *test_err;

FILE *
output_out(void)
{
	return test_out ? test_out : stdout;
}

FILE *
output_err(void)
{
	return test_err ? test_err : stderr;
}

void
output_test_streams(FILE *out, FILE *err)
{
	test_out = out;
	test_err = err;
}

bool
output_is_coloured(FILE *stream)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");
	int fd = fileno(stream);

	if (no_colour != NULL && *no_colour != '\0')
		return false;
	if (terminal != NULL && strcmp(terminal, "dumb") == 0)
		return false;
	return fd >= 0 && isatty(fd);
}

const char *
output_colour(FILE *stream, enum output_colour colour)
{
	static const char *const sequences[] = {
		[OUTPUT_PLAIN] = "",
		[OUTPUT_RED] = "\033[31m",
		[OUTPUT_GREEN] = "\033[32m",
		[OUTPUT_YELLOW] = "\033[33m",
		[OUTPUT_DIM] = "\033[2m",
		[OUTPUT_BOLD] = "\033[1m",
	};

	return output_is_coloured(stream) ? sequences[colour] : "";
}

const char *
output_reset(FILE *stream)
{
	return output_is_coloured(stream) ? "\033[0m" : "";
}

static void say(const char *lead, enum output_colour colour, const char *format,
	va_list args) PRINTF_LIKE(3, 0);

static void
say(const char *lead, enum output_colour colour, const char *format,
	va_list args)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	CLEANUP(buf_release) struct buf safe = buf_make(0);
	FILE *err = output_err();

	buf_vprintf(&text, format, args);
	output_append_safe(&safe, buf_str(&text), 0);
	fprintf(err, "%s%s%s%s\n", output_colour(err, colour), lead,
		output_reset(err), buf_text(&safe));
}

void
output_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("grapnel: ", OUTPUT_RED, format, args);
	va_end(args);
}

void
output_hint(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("  ", OUTPUT_PLAIN, format, args);
	va_end(args);
}

size_t
output_width(void)
{
	struct winsize size;

	if (test_out != NULL || !isatty(STDOUT_FILENO) ||
		ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}

void
output_write(struct str text)
{
	FILE *out = output_out();

	if (text.len > 0)
		fwrite(text.ptr, 1, text.len, out);
	fflush(out);
}
