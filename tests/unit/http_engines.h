#pragma once
#include "check.h"
#include "net/http_client.h"

/*
 * A test of the HTTP client runs over each of its engines, since both keep
 * the same contract: ENGINES_TEST(claim) is the tests `claim` (over our own),
 * `claim_by_ring` (the same, each send and receive by io_uring where the kernel
 * lets us) and `claim_by_libcurl`. Clients are made with `.engine = engine,
 * .ring = ring`.
 */
static enum http_engine engine;
static enum http_ring ring;

#define ENGINES_TEST(name_) \
	static void run_##name_(void); \
	TEST(http_client, name_) \
	{ \
		engine = HTTP_ENGINE_WIRE; \
		run_##name_(); \
	} \
	TEST(http_client, name_##_by_ring) \
	{ \
		engine = HTTP_ENGINE_WIRE; \
		ring = HTTP_RING_ALWAYS; \
		run_##name_(); \
	} \
	TEST(http_client, name_##_by_libcurl) \
	{ \
		engine = HTTP_ENGINE_CURL; \
		run_##name_(); \
	} \
	static void run_##name_(void)
