#include <stdio.h>

int
main(void)
{
	puts("grapnel " GRAPNEL_VERSION);
	return 0;
}
