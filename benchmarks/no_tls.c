/* In place of `tls.c` where there is no OpenSSL to build with. */

#include "tls.h"

#include "basics.h"

struct ssl_st *tls_begin(int fd)
{
    (void)fd;
    fail("built without OpenSSL");
}

bool tls_shake(struct ssl_st *tls)
{
    return tls;
}

void tls_send(struct ssl_st *tls, const char *bytes, int length)
{
    (void)tls, (void)bytes, (void)length;
}

ssize_t tls_receive(struct ssl_st *tls, char *to, size_t size)
{
    (void)tls, (void)to, (void)size;
    return -1;
}

bool tls_holds_more(const struct ssl_st *tls)
{
    return tls;
}

void tls_end(struct ssl_st *tls)
{
    (void)tls;
}

void tls_free(struct ssl_st *tls)
{
    (void)tls;
}
