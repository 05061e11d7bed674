/* One connection to the server, plain or TLS. */

#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <sys/types.h>

struct connection {
    enum { CONNECTING, SHAKING, OPEN } state; /* shaking hands, of TLS */
    int fd, epoll;
    struct ssl_st *tls; /* NULL: plain */
};

/* Begin to connect, from one of the addresses of 127.1.0.0/16: servers limit the connections of one address, so
   each has fifty, by their ``number``. Whatever comes is an event of this epoll, with the connection as its
   pointer. ``small``: with a small buffer for what comes. */
void connection_open(struct connection *connection, int epoll, int port, int number, bool tls, bool small);

/* Go on connecting, when something came; whether that is done. */
bool connection_is_open(struct connection *connection);

/* Send all of it, or fail. */
void connection_send(struct connection *connection, const char *bytes, int length);

/* What has come: 0 if nothing has, less than 0 if the server closed. */
ssize_t connection_receive(struct connection *connection, char *to, size_t size);

/* Whether more may have come, of which epoll does not tell. */
bool connection_holds_more(const struct connection *connection);

/* Say that nothing follows; what comes can still be received. */
void connection_end(struct connection *connection);

/* Let go of it. */
void connection_close(struct connection *connection);

#endif
