/* The floor: the least that a chat server can do. For each receive one send per connection, and nothing else.

   floor
   Listens on a free port of 127.0.0.1, and prints it. Sockets are blocking: nothing is lost, nothing is kept.
*/

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MEMBERS = 65536, EVENTS = 256 };

static int members[MEMBERS];
static int count;

static void leave(int fd)
{
    for (int i = 0; i < count; i++)
        if (members[i] == fd)
            members[i--] = members[--count];
    close(fd);
}

int main(void)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    int listening = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    setsockopt(listening, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* accepted sockets inherit it */
    if (bind(listening, (struct sockaddr *)&address, size) || listen(listening, 1024)
        || getsockname(listening, (struct sockaddr *)&address, &size)) {
        perror("floor");
        return 1;
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);

    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listening}, events[EVENTS];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &event);
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listening) {
                event.data.fd = accept(listening, NULL, NULL);
                if (event.data.fd >= 0 && count < MEMBERS) {
                    epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
                    members[count++] = event.data.fd;
                }
                continue;
            }
            char bytes[65536];
            ssize_t came = recv(fd, bytes, sizeof bytes, 0);
            if (came <= 0)
                leave(fd);
            for (int to = 0; came > 0 && to < count; to++)
                send(members[to], bytes, came, MSG_NOSIGNAL);
        }
    }
}
