#include "cli/filter_command.h"

#include "cli/output.h"

/* Placeholder so that the branch links; overwritten at merge. */
int
filter_command_check(int argc, char **argv)
{
	(void)argc;
	output_error("%s: this build has no filters", argv[0]);
	return 1;
}

int
filter_command_eval(int argc, char **argv)
{
	return filter_command_check(argc, argv);
}
