#pragma once
#include "rule/template_run.h"

/*
 * Functions of the group "text and binary" that have files of their own, for
 * the group's table in template_text.c. Internal to rule/template*.
 */

struct value template_text_replace(
	struct template_run *run, const struct value *args, size_t count);
struct value template_text_replace_pattern(
	struct template_run *run, const struct value *args, size_t count);
struct value template_text_replace_emoji(
	struct template_run *run, const struct value *args, size_t count);
struct value template_text_strip_html(
	struct template_run *run, const struct value *args, size_t count);

struct value template_text_to_string(
	struct template_run *run, const struct value *args, size_t count);
struct value template_text_to_binary(
	struct template_run *run, const struct value *args, size_t count);
struct value template_text_base64(
	struct template_run *run, const struct value *args, size_t count);
struct value template_text_encode_url(
	struct template_run *run, const struct value *args, size_t count);
struct value template_text_decode_url(
	struct template_run *run, const struct value *args, size_t count);
struct value template_text_escape_html(
	struct template_run *run, const struct value *args, size_t count);
struct value template_text_escape_markdown(
	struct template_run *run, const struct value *args, size_t count);
struct value template_text_md5(
	struct template_run *run, const struct value *args, size_t count);
struct value template_text_sha1(
	struct template_run *run, const struct value *args, size_t count);
struct value template_text_sha256(
	struct template_run *run, const struct value *args, size_t count);
struct value template_text_sha512(
	struct template_run *run, const struct value *args, size_t count);
