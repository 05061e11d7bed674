#include "handshakes.h"

#include "basics.h"
#include "connection.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    FIRST_NUMBER = 1000000, /* from addresses of their own, and not of the members */
    STUCK_MS = 20000
};

/* Go on with one; whether it is over. */
static bool go_on(struct connection *connection)
{
    char bytes[4096];
    ssize_t length;
    if (connection->state != OPEN) {
        if (!connection_is_open(connection))
            return false;
        connection_end(connection);
    }
    while ((length = connection_receive(connection, bytes, sizeof bytes)) > 0)
        ; /* whatever it is greeted with */
    return length < 0;
}

void handshakes(int port, int count, int at_once)
{
    struct connection *connections = calloc(at_once, sizeof *connections);
    struct epoll_event events[64];
    int epoll = epoll_create1(0), begun = 0, over = 0;
    while (begun < at_once && begun < count) {
        connection_open(&connections[begun], epoll, port, FIRST_NUMBER + begun, true, false);
        begun++;
    }
    while (over < count) {
        int ready = epoll_wait(epoll, events, 64, STUCK_MS);
        if (ready <= 0)
            fail("only %d of %d handshakes came to an end", over, count);
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            if (!go_on(connection))
                continue;
            connection_close(connection);
            over++;
            if (begun < count) {
                connection_open(connection, epoll, port, FIRST_NUMBER + begun, true, false);
                begun++;
            }
        }
    }
    free(connections);
    close(epoll);
}
