#include "base/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/random.h"

enum { VERSION = 1, NONCE_LEN = 12, TAG_LEN = 16 };
enum { OVERHEAD = 1 + NONCE_LEN + TAG_LEN };
enum { SEALED_MAX = 1 << 30 };

void
seal_key_derive(
	const struct seal_key *master, struct str purpose, struct seal_key *out)
{
	struct str key = str_make((const char *)master->bytes, 32);

	digest_hmac_sha256(key, &purpose, 1, out->bytes);
}

void
seal_close(const struct seal_key *key, struct str context, struct str plain,
	struct buf *out)
{
	unsigned char *at =
		(unsigned char *)buf_reserve(out, plain.len + OVERHEAD);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len;

	if (at == NULL || ctx == NULL || plain.len > SEALED_MAX - OVERHEAD)
		abort();
	at[0] = VERSION;
	random_bytes(at + 1, NONCE_LEN);
	if (!EVP_EncryptInit_ex(
		    ctx, EVP_aes_256_gcm(), NULL, key->bytes, at + 1) ||
		!EVP_EncryptUpdate(ctx, NULL, &len,
			(const unsigned char *)(context.len ? context.ptr : ""),
			(int)context.len) ||
		!EVP_EncryptUpdate(ctx, at + 1 + NONCE_LEN, &len,
			(const unsigned char *)(plain.len ? plain.ptr : ""),
			(int)plain.len) ||
		!EVP_EncryptFinal_ex(
			ctx, at + 1 + NONCE_LEN + plain.len, &len) ||
		!EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_LEN,
			at + 1 + NONCE_LEN + plain.len))
		abort();
	out->len += plain.len + OVERHEAD;
	EVP_CIPHER_CTX_free(ctx);
}

enum err
seal_open(const struct seal_key *key, struct str context, struct str sealed,
	struct arena *arena, struct str *ret)
{
	const unsigned char *at = (const unsigned char *)sealed.ptr;
	unsigned char tag[TAG_LEN];
	EVP_CIPHER_CTX *ctx;
	unsigned char *plain;
	size_t len;
	int done;
	bool is_good;

	if (sealed.len < OVERHEAD || sealed.len > SEALED_MAX ||
		at[0] != VERSION)
		return ERR_DENIED;
	len = sealed.len - OVERHEAD;
	memcpy(tag, at + 1 + NONCE_LEN + len, TAG_LEN);
	plain = arena_alloc_raw(arena, len + 1);
	ctx = EVP_CIPHER_CTX_new();
	if (ctx == NULL)
		abort();
	is_good =
		EVP_DecryptInit_ex(
			ctx, EVP_aes_256_gcm(), NULL, key->bytes, at + 1) &&
		EVP_DecryptUpdate(ctx, NULL, &done,
			(const unsigned char *)(context.len ? context.ptr : ""),
			(int)context.len) &&
		EVP_DecryptUpdate(
			ctx, plain, &done, at + 1 + NONCE_LEN, (int)len) &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_LEN, tag) &&
		EVP_DecryptFinal_ex(ctx, plain + len, &done) > 0;
	EVP_CIPHER_CTX_free(ctx);
	if (!is_good)
		return ERR_DENIED;
	plain[len] = '\0';
	*ret = str_make((const char *)plain, len);
	return ERR_OK;
}

/** A key file that a power cut takes away leaves secrets nobody can open. */
static bool
sync_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	CLEANUP(buf_release) struct buf folder = buf_make(0);
	bool is_synced;
	int fd;

	if (slash != NULL)
		buf_append(&folder, str_make(path, (size_t)(slash - path) + 1));
	else
		buf_append_char(&folder, '.');
	fd = open(buf_text(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	is_synced = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return is_synced;
}

static enum err
make_key(const char *path, struct seal_key *ret, struct buf *why)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool is_written;

	if (fd < 0) {
		buf_printf(why, "key file %s: %s", path, strerror(errno));
		return ERR_IO;
	}
	random_bytes(ret->bytes, sizeof(ret->bytes));
	is_written = write(fd, ret->bytes, sizeof(ret->bytes)) ==
			     (ssize_t)sizeof(ret->bytes) &&
		     fsync(fd) == 0 && sync_folder_of(path);
	close(fd);
	if (!is_written) {
		unlink(path);
		buf_printf(why,
			"key file %s: cannot write it; is the disk "
			"full?",
			path);
		return ERR_IO;
	}
	return ERR_OK;
}

enum err
seal_key_load(const char *path, struct seal_key *ret, struct buf *why)
{
	struct stat st;
	char extra;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is_whole;

	if (fd < 0 && errno == ENOENT)
		return make_key(path, ret, why);
	if (fd < 0 || fstat(fd, &st) != 0) {
		buf_printf(why, "key file %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return ERR_IO;
	}
	is_whole = read(fd, ret->bytes, sizeof(ret->bytes)) ==
			   (ssize_t)sizeof(ret->bytes) &&
		   read(fd, &extra, 1) == 0;
	close(fd);
	if (st.st_mode & 077) {
		buf_printf(why,
			"key file %s: others may read it (mode %03o), "
			"expected 600; run: chmod 600 %s",
			path, (unsigned)(st.st_mode & 0777), path);
		return ERR_DENIED;
	}
	if (!is_whole) {
		buf_printf(why,
			"key file %s: expected 32 bytes; this is none of the "
			"hub's, or a part of one",
			path);
		return ERR_INVALID;
	}
	return ERR_OK;
}
