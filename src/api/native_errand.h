#pragma once

/*
 * POST /v1/deliveries/{id}/retry with {"destination": "https://…"}: the same
 * payload once to another destination, for debugging. The answer, which comes
 * when that has answered, shows the attempt.
 */
struct api_call;

void native_retry_elsewhere(struct api_call *call); /* blocks */
