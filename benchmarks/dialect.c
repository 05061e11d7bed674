#include "dialect.h"

#include <stdio.h>
#include <string.h>

/* In one room it is lanchatd's lobby; that is where one is without asking. */
static int room_name(char *to, size_t size, int room, bool one_room)
{
    return one_room ? snprintf(to, size, "#lobby") : snprintf(to, size, "#r%d", room);
}

int hello(enum dialect dialect, char *to, size_t size, int member, int room, bool one_room)
{
    char name[32];
    room_name(name, sizeof name, room, one_room);
    switch (dialect) {
    case TEXT:
        return snprintf(to, size, "m%d\n", member);
    case JSON:
        return snprintf(to, size, "{\"nick\": \"m%d\", \"room\": \"%s\"}\n", member, name);
    case IRC:
        return snprintf(to, size, "NICK m%d\r\nUSER m 0 * :m\r\n", member);
    default:
        return 0;
    }
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
    switch (dialect) {
    case JSON:
        return snprintf(to, size, "{\"line\": \"%s\"}\n", text);
    case IRC:
        return snprintf(to, size, "PRIVMSG #r%d :%s\r\n", room, text);
    default:
        return snprintf(to, size, "%s\n", text);
    }
}

bool is_talk(enum dialect dialect, const char *line, size_t length)
{
    switch (dialect) {
    case FLOOR:
        return line[0] == '=';
    case JSON:
        return length < 11 || line[10] == 's'; /* {"type": "said" */
    default:
        return length < 2 || line[1] == 'm'; /* <m1> and :m1!: every nick begins like this, and nothing else */
    }
}
