#include "cli/filter_command.h"

#include "cli/output.h"

/* Placeholder so that the branch links; overwritten at merge. */
int
filter_command_check(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	output_error("this build has no filters");
	return 1;
}

int
filter_command_eval(int argc, char **argv)
{
	return filter_command_check(argc, argv);
}
