#include "cli/version_command.h"

#include "cli/command.h"
#include "cli/output.h"

int
version_command(const struct args *args)
{
	if (args_is_true(args, "json"))
		output_write(STR("{\"version\":\"" GRAPNEL_VERSION "\"}\n"));
	else
		output_write(STR("grapnel " GRAPNEL_VERSION "\n"));
	return EXIT_DONE;
}
