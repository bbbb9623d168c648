#include <signal.h>

#include "cli/command.h"

int
main(int argc, char **argv)
{
	/* A reader that went away is an error of write(), not a death. */
	signal(SIGPIPE, SIG_IGN);
	return command_main(argc, argv);
}
