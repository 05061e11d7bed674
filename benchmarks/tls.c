#include "tls.h"

#include "basics.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

static SSL_CTX *context;

static _Noreturn void give_up(const char *what)
{
    char why[128] = "the server closed the connection";
    unsigned long code = ERR_get_error();
    if (code)
        ERR_error_string_n(code, why, sizeof why);
    else if (errno)
        snprintf(why, sizeof why, "%s", strerror(errno));
    fail("TLS, %s: %s", what, why);
}

static void make_context(void)
{
    context = SSL_CTX_new(TLS_client_method());
    if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION)
        || !SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256")
        || !SSL_CTX_set1_groups_list(context, "X25519")
        || !SSL_CTX_set1_sigalgs_list(context, "ecdsa_secp256r1_sha256"))
        give_up("set up");
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(context, 1);                  /* one receive for many records */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS); /* thousands are idle */
}

SSL *tls_begin(int fd)
{
    if (!context)
        make_context();
    SSL *tls = SSL_new(context);
    if (!tls || !SSL_set_fd(tls, fd))
        give_up("set up");
    SSL_set_connect_state(tls);
    return tls;
}

/* Whether a call that did not succeed only waits for the peer. */
static bool waits(SSL *tls, int result)
{
    return SSL_get_error(tls, result) == SSL_ERROR_WANT_READ;
}

bool tls_shake(SSL *tls)
{
    errno = 0;
    int result = SSL_do_handshake(tls);
    if (result != 1 && !waits(tls, result))
        give_up("handshake");
    return result == 1;
}

void tls_send(SSL *tls, const char *bytes, int length)
{
    errno = 0;
    if (SSL_write(tls, bytes, length) != length)
        give_up("the server does not take a line");
}

ssize_t tls_receive(SSL *tls, char *to, size_t size)
{
    size_t length = 0;
    while (length < size) {
        int more = SSL_read(tls, to + length, (int)(size - length));
        if (more <= 0) {
            if (!length && !waits(tls, more)) {
                ERR_clear_error();
                return -1;
            }
            break;
        }
        length += more;
    }
    return (ssize_t)length;
}

bool tls_holds_more(const SSL *tls)
{
    return SSL_has_pending(tls);
}

void tls_end(SSL *tls)
{
    SSL_shutdown(tls);
}

void tls_free(SSL *tls)
{
    SSL_free(tls);
}
