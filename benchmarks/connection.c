#include "connection.h"

#include "basics.h"
#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PER_ADDRESS = 50, SMALL_BYTES = 4096 };

void connection_open(struct connection *connection, int epoll, int port, int number, bool tls, bool small)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = connection};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1, size = SMALL_BYTES;
    from.sin_addr.s_addr = htonl(0x7f010001 + number / PER_ADDRESS);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (small)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof from)
        || (connect(fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS)
        || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
        fail("connection %d: %s", number, strerror(errno));
    *connection = (struct connection){CONNECTING, fd, epoll, tls ? tls_begin(fd) : NULL};
}

bool connection_is_open(struct connection *connection)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    int error = 0;
    socklen_t size = sizeof error;
    switch (connection->state) {
    case CONNECTING:
        if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size) || error)
            fail("the server does not accept: %s", strerror(error));
        epoll_ctl(connection->epoll, EPOLL_CTL_MOD, connection->fd, &event);
        connection->state = SHAKING;
        /* fall through */
    case SHAKING:
        if (!connection->tls || tls_shake(connection->tls))
            connection->state = OPEN;
        /* fall through */
    default:
        return connection->state == OPEN;
    }
}

void connection_send(struct connection *connection, const char *bytes, int length)
{
    if (connection->tls)
        tls_send(connection->tls, bytes, length);
    else if (send(connection->fd, bytes, length, MSG_NOSIGNAL) != length)
        fail("the server does not take a line: %s", strerror(errno));
}

ssize_t connection_receive(struct connection *connection, char *to, size_t size)
{
    if (connection->tls)
        return tls_receive(connection->tls, to, size);
    ssize_t length = recv(connection->fd, to, size, 0);
    if (length > 0)
        return length;
    return length < 0 && errno == EAGAIN ? 0 : -1;
}

bool connection_holds_more(const struct connection *connection)
{
    return connection->tls && tls_holds_more(connection->tls);
}

void connection_end(struct connection *connection)
{
    if (connection->tls)
        tls_end(connection->tls);
    shutdown(connection->fd, SHUT_WR);
}

void connection_close(struct connection *connection)
{
    if (connection->tls)
        tls_free(connection->tls);
    close(connection->fd);
}
