/* TLS over a non-blocking socket, the same for every server: TLS 1.3, X25519, a certificate of ECDSA P-256 (it
   is not verified), TLS_AES_128_GCM_SHA256. Nothing else is offered, and no session is resumed. */

#ifndef TLS_H
#define TLS_H

#include <stdbool.h>
#include <sys/types.h>

struct ssl_st;

struct ssl_st *tls_begin(int fd);

/* As `connection.h` says. */
bool tls_shake(struct ssl_st *tls);
void tls_send(struct ssl_st *tls, const char *bytes, int length);
ssize_t tls_receive(struct ssl_st *tls, char *to, size_t size);
bool tls_holds_more(const struct ssl_st *tls);
void tls_end(struct ssl_st *tls);

void tls_free(struct ssl_st *tls);

#endif
