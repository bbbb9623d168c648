#pragma once

/** Limits of GreenLake's webhooks, as settings say them; in characters. */
struct gl_limits {
	unsigned name_max;
	unsigned description_max;
	unsigned secret_min;
	unsigned secret_max;
};
