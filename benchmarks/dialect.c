#define _GNU_SOURCE
#include "dialect.h"

#include "frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char UPGRADE[] = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/* In one room it is lanchatd's lobby; that is where one is without asking. */
static int room_name(char *to, size_t size, int room, bool one_room)
{
    return one_room ? snprintf(to, size, "#lobby") : snprintf(to, size, "#r%d", room);
}

int hello(enum dialect dialect, char *to, size_t size, int member, int room, bool one_room)
{
    char name[32], line[128];
    int upgrade = sizeof UPGRADE - 1;
    room_name(name, sizeof name, room, one_room);
    switch (dialect) {
    case TEXT:
        return snprintf(to, size, "m%d\n", member);
    case JSON:
        return snprintf(to, size, "{\"nick\": \"m%d\", \"room\": \"%s\"}\n", member, name);
    case IRC:
        return snprintf(to, size, "NICK m%d\r\nUSER m 0 * :m\r\n", member);
    case WEB:
        snprintf(line, sizeof line, "{\"nick\": \"m%d\", \"room\": \"%s\"}", member, name);
        memcpy(to, UPGRADE, upgrade);
        return upgrade + line_to_frame(to + upgrade, size - upgrade, line);
    default:
        return 0;
    }
}

int hello_to_several(char *to, size_t size, int member, int room, int each, int rooms)
{
    int length = snprintf(to, size, "{\"nick\": \"m%d\", \"rooms\": [", member);
    for (int i = 0; i < each; i++)
        length += snprintf(to + length, size - length, "%s{\"room\": \"#r%d\"}", i ? ", " : "", (room + i) % rooms);
    return length + snprintf(to + length, size - length, "]}\n");
}

enum step step(enum dialect dialect, const char *line, int room, bool one_room)
{
    char name[40];
    const char *numeric;
    switch (dialect) {
    case TEXT:
        if (strncmp(line, "-- You are ", 11))
            return NOTHING;
        name[0] = ' ';
        strcpy(name + 1 + room_name(name + 1, sizeof name - 2, room, one_room), ".");
        return strstr(line, name) ? JOINED : GREETED;
    case JSON:
    case WEB:
        return strncmp(line, "{\"type\": \"welcome\"", 18) ? NOTHING : JOINED;
    case IRC:
        numeric = strchr(line, ' ');
        if (numeric && (!strncmp(numeric, " 376 ", 5) || !strncmp(numeric, " 422 ", 5)))
            return GREETED; /* the end of its message of the day, or that it has none */
        return numeric && !strncmp(numeric, " 366 ", 5) ? JOINED : NOTHING; /* the end of who is here */
    default:
        return NOTHING;
    }
}

int join(enum dialect dialect, char *to, size_t size, int room)
{
    return snprintf(to, size, dialect == IRC ? "JOIN #r%d\r\n" : "/join #r%d\n", room);
}

int say(enum dialect dialect, char *to, size_t size, int room, const char *text)
{
    char line[128];
    switch (dialect) {
    case JSON:
        return snprintf(to, size, "{\"line\": \"%s\"}\n", text);
    case WEB:
        snprintf(line, sizeof line, "{\"line\": \"%s\"}", text);
        return line_to_frame(to, size, line);
    case IRC:
        return snprintf(to, size, "PRIVMSG #r%d :%s\r\n", room, text);
    default:
        return snprintf(to, size, "%s\n", text);
    }
}

int say_in(char *to, size_t size, int room, const char *text)
{
    return snprintf(to, size, "{\"line\": \"%s\", \"room\": \"#r%d\"}\n", text, room);
}

int room_of(const char *line, size_t length)
{
    static const char ROOM[] = "\"room\": \"#r";
    const char *room = memmem(line, length, ROOM, sizeof ROOM - 1);
    return room ? atoi(room + sizeof ROOM - 1) : -1;
}

int answer(enum dialect dialect, char *to, size_t size, const char *line)
{
    static const char QUESTION[] = " PING ";
    const char *asked = dialect == IRC ? strstr(line, QUESTION) : NULL;
    if (!asked)
        return 0;
    asked += sizeof QUESTION - 1;
    return snprintf(to, size, "PONG %.*s\r\n", (int)strcspn(asked, "\r"), asked);
}

bool is_join(enum dialect dialect, const char *line, size_t length)
{
    const char *command = dialect == IRC ? memchr(line, ' ', length) : NULL;
    return command && !strncmp(command, " JOIN ", 6);
}

bool is_talk(enum dialect dialect, const char *line, size_t length)
{
    switch (dialect) {
    case FLOOR:
        return line[0] == '=';
    case JSON:
    case WEB:
        return length < 11 || line[10] == 's'; /* {"type": "said" */
    default:
        /* <m1> and :m1!: every nick begins like this, and nothing else */
        return length < 2 || (line[1] == 'm' && !is_join(dialect, line, length));
    }
}
