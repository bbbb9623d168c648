#include "cli/serve_command.h"

#include "cli/output.h"
#include "cli/settings.h"

/* Placeholder so that the branch links; overwritten at merge. */
int
serve_command(const struct settings *settings)
{
	output_error("this build has no hub; it would listen on %s",
		settings->listen);
	return 1;
}
