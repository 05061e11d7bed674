#define _GNU_SOURCE
#include "crowd.h"

#include "basics.h"
#include "connection.h"
#include "dialect.h"
#include "frames.h"
#include "latency.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum {
    TEXT_BYTES = 63, /* a line of 64 bytes, with its end */
    HEAD = 96,       /* what is kept of a line that has not come whole */
    RING = 1 << 14,  /* more lines than are ever in flight in a room */
    EVENTS = 512,
    MOST_EACH = 16
};

struct member {
    struct connection connection; /* the first: a pointer to it is one to the member */
    int room, index; /* the room that it talks in, the first of its rooms */
    int node;
    enum dialect dialect;
    bool talks, joined, stalled;
    uint64_t lines[MOST_EACH]; /* that came in each of its rooms since the run began */
    struct frames frames;
    int head_length;
    char head[HEAD];
};

struct room {
    uint64_t said, seen; /* lines, and of those how many every listener has seen */
    int listeners, talker_count, next_talker;
    int *talkers;
    int32_t *seen_by; /* of line n at n % RING: how many listeners have seen it */
};

struct run run;

static struct place place;
static struct member *members;
static struct room *rooms;
static int epoll;
static int have_newest[MOST_NODES]; /* members of a node that have the newest line */

/* -- who there is */

static enum dialect dialect_of(const char *name, int number_in_room)
{
    if (!strcmp(name, "mixed"))
        return number_in_room % 2 ? JSON : TEXT;
    const char *const names[] = {[FLOOR] = "floor", [TEXT] = "text", [JSON] = "json", [IRC] = "irc",
                                 [WEB] = "web"};
    for (enum dialect dialect = FLOOR; dialect <= WEB; dialect++)
        if (!strcmp(name, names[dialect]))
            return dialect;
    fail("no such dialect: %s", name);
    return FLOOR;
}

/* Which room is at this place among those of a member. */
static int room_at(const struct member *member, int slot)
{
    return (member->room + slot) % place.rooms;
}

/* At which place among the rooms of a member this line belongs. */
static int slot_of(const struct member *member, const char *line, size_t length)
{
    if (place.each == 1)
        return 0;
    int room = room_of(line, length), slot = (room - member->room + place.rooms) % place.rooms;
    if (room < 0 || slot >= place.each)
        fail("a line that is of none of the rooms of member %d: %.*s", member->index, (int)length, line);
    return slot;
}

void crowd_seat(const struct place *wanted, const char *dialect)
{
    place = *wanted;
    if (place.each < 1 || place.each > MOST_EACH || place.each > place.rooms)
        fail("a member is in 1 to %d rooms, and not in more than there are", MOST_EACH);
    if (place.each > 1 && strcmp(dialect, "json"))
        fail("only programs that speak JSON are in several rooms");
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max < (rlim_t)place.members + 16)
        fail("%d members need more open files than %ld", place.members, (long)files.rlim_max);
    epoll = epoll_create1(0);
    members = calloc(place.members, sizeof *members);
    rooms = calloc(place.rooms, sizeof *rooms);
    for (int i = 0; i < place.members; i++) {
        struct member *member = &members[i];
        int number_in_room = i / place.rooms;
        member->index = i;
        member->node = (int)((int64_t)i * place.nodes / place.members);
        member->room = i % place.rooms;
        member->dialect = dialect_of(dialect, number_in_room);
        struct room *room = &rooms[member->room];
        if (!room->talkers) {
            room->talkers = calloc(place.talkers, sizeof *room->talkers);
            room->seen_by = calloc(RING, sizeof *room->seen_by);
        }
        /* Those that talk came at all times, and the last to come only listens. */
        int every = place.members / place.rooms / place.talkers;
        member->talks = room->talker_count < place.talkers && number_in_room % every == 0;
        if (member->talks)
            room->talkers[room->talker_count++] = i;
        else
            room->listeners++;
        for (int slot = 1; slot < place.each; slot++)
            rooms[room_at(member, slot)].listeners++;
    }
}

static struct member *one_that_stalls(void)
{
    return &members[place.members - 2];
}

void crowd_stall(void)
{
    struct member *member = one_that_stalls();
    epoll_ctl(epoll, EPOLL_CTL_DEL, member->connection.fd, NULL);
    member->stalled = true;
    rooms[member->room].listeners--;
}

void crowd_still_stalls(void)
{
    struct member *member = one_that_stalls();
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (member->stalled
        && (getsockopt(member->connection.fd, IPPROTO_TCP, TCP_INFO, &info, &size)
            || info.tcpi_state != TCP_ESTABLISHED))
        fail("the server closed the member that stalls");
}

void crowd_forget(void)
{
    for (int i = 0; i < place.members; i++)
        memset(members[i].lines, 0, sizeof members[i].lines);
    for (int i = 0; i < place.rooms; i++)
        rooms[i].said = rooms[i].seen = 0;
    latency_clear();
    run.deliveries = run.strange = run.said = 0;
    run.last_came = now_ns();
}

/* -- joining */

/* It is connected, and says who it is. */
static void greet(struct member *member)
{
    char line[512];
    int length = place.each > 1
        ? hello_to_several(line, sizeof line, member->index, member->room, place.each, place.rooms)
        : hello(member->dialect, line, sizeof line, member->index, member->room, place.rooms == 1);
    if (length) {
        connection_send(&member->connection, line, length);
    } else {
        member->joined = true;
        run.joined++;
    }
}

static void connect_one(struct member *member)
{
    bool small = place.one_stalls && member == one_that_stalls();
    int port = place.ports[member->node];
    connection_open(&member->connection, epoll, port, member->index, place.tls, small);
}

void crowd_connect(void)
{
    while (run.connected < place.members && run.connected - run.joined < place.at_once)
        connect_one(&members[run.connected++]);
}

static void joining_line(struct member *member)
{
    if (++member->lines[0] > run.most_told)
        run.most_told = member->lines[0];
    if (member->joined)
        return;
    enum step next = step(member->dialect, member->head, member->room, place.rooms == 1);
    if (next == GREETED) {
        char line[64];
        connection_send(&member->connection, line, join(member->dialect, line, sizeof line, member->room));
    } else if (next == JOINED) {
        member->joined = true;
        run.joined++;
    }
}

/* -- talk */

void crowd_say(int number, int64_t due_ns)
{
    struct room *room = &rooms[number];
    struct member *talker = &members[room->talkers[room->next_talker++ % room->talker_count]];
    char text[TEXT_BYTES + 1], line[2 * TEXT_BYTES];
    memset(text, '.', TEXT_BYTES);
    text[TEXT_BYTES] = 0;
    text[snprintf(text, sizeof text, "=%016llx", (unsigned long long)due_ns)] = '.';
    connection_send(&talker->connection, line,
                    place.each > 1 ? say_in(line, sizeof line, number, text)
                                   : say(talker->dialect, line, sizeof line, number, text));
    room->said++;
    run.said++;
    memset(have_newest, 0, sizeof have_newest);
    memset(run.all_have, 0, sizeof run.all_have);
    if (run.to_say && run.said == run.to_say)
        run.saying = false;
}

static void fill(int number)
{
    struct room *room = &rooms[number];
    while (run.saying && room->said - room->seen < run.window)
        crowd_say(number, now_ns());
}

void crowd_fill(void)
{
    for (int i = 0; i < place.rooms; i++)
        fill(i);
}

int crowd_next_node(int number)
{
    struct room *room = &rooms[number];
    return members[room->talkers[room->next_talker % room->talker_count]].node;
}

uint64_t crowd_expected(void)
{
    uint64_t all = 0;
    for (int i = 0; i < place.rooms; i++) {
        /* IRC does not send its own line back to who said it. */
        int told = rooms[i].listeners + rooms[i].talker_count - (members[0].dialect == IRC);
        all += rooms[i].said * told;
    }
    return all;
}

/* More lines came to a member in one of its rooms: which ones have been seen by everybody now? */
static void came(struct member *member, int slot, uint64_t lines)
{
    int number = room_at(member, slot);
    struct room *room = &rooms[number];
    uint64_t first = member->lines[slot];
    run.deliveries += lines;
    have_newest[member->node] += lines;
    if (lines && have_newest[member->node] == place.members / place.nodes)
        run.all_have[member->node] = run.last_came;
    if (member->talks && !slot)
        return;
    for (uint64_t line = first; line < first + lines; line++) {
        int32_t *by = &room->seen_by[line % RING];
        if (++*by == room->listeners) {
            *by = 0;
            room->seen++;
        }
    }
    member->lines[slot] += lines;
    if (run.window)
        fill(number);
}

static void time_line(struct member *member, int64_t now)
{
    const char *stamp = strchr(member->head, '=');
    if (stamp)
        latency_add(now - (int64_t)strtoull(stamp + 1, NULL, 16));
}

/* -- what comes */

/* Whether the line in `head` was a question of the server, or says who is here: it is no talk, and is not counted. */
static bool answered(struct member *member)
{
    char line[HEAD + 16];
    int length;
    if (is_talk(member->dialect, member->head, member->head_length))
        return false;
    if (is_join(member->dialect, member->head, member->head_length))
        return true;
    length = answer(member->dialect, line, sizeof line, member->head);
    if (length)
        connection_send(&member->connection, line, length);
    return length;
}

static void keep_head(struct member *member, const char *bytes, const char *end)
{
    int room = HEAD - 1 - member->head_length, more = end - bytes < room ? (int)(end - bytes) : room;
    memcpy(member->head + member->head_length, bytes, more);
    member->head_length += more;
    member->head[member->head_length] = 0;
}

/* Every line, with its beginning in `head`. */
static void read_lines(struct member *member, const char *bytes, const char *end, int64_t now)
{
    while (bytes < end) {
        const char *newline = memchr(bytes, '\n', end - bytes);
        keep_head(member, bytes, newline ? newline : end);
        if (!newline)
            return;
        if (run.mode == JOINING) {
            joining_line(member);
        } else if (!answered(member)) {
            run.strange += !is_talk(member->dialect, member->head, member->head_length);
            time_line(member, now);
            came(member, slot_of(member, member->head, member->head_length), 1);
        }
        member->head_length = 0;
        bytes = newline + 1;
    }
}

/* Lines that came to a member one after the other in the same room. */
struct tally {
    int slot;
    uint64_t lines;
};

static void add(struct member *member, struct tally *tally, const char *line, size_t length)
{
    int slot = slot_of(member, line, length);
    if (slot != tally->slot) {
        came(member, tally->slot, tally->lines);
        *tally = (struct tally){.slot = slot};
    }
    tally->lines++;
}

/* How many lines ended, and little more: there are millions a second. */
static void count_lines(struct member *member, const char *bytes, const char *end)
{
    struct tally tally = {0};
    if (member->head_length) { /* of a line that began in what came before */
        const char *newline = memchr(bytes, '\n', end - bytes);
        keep_head(member, bytes, newline ? newline : end);
        if (!newline)
            return;
        if (!answered(member))
            add(member, &tally, member->head, member->head_length);
        member->head_length = 0;
        bytes = newline + 1;
    }
    for (const char *newline; (newline = memchr(bytes, '\n', end - bytes)); bytes = newline + 1) {
        if (is_talk(member->dialect, bytes, newline - bytes)) {
            add(member, &tally, bytes, newline - bytes);
            continue;
        }
        keep_head(member, bytes, newline);
        if (!answered(member)) {
            add(member, &tally, bytes, newline - bytes);
            run.strange++;
        }
        member->head_length = 0;
    }
    if (bytes < end)
        keep_head(member, bytes, end);
    came(member, tally.slot, tally.lines);
}

static void receive(struct member *member)
{
    static char spare_and_bytes[1 + (1 << 18)], *const read = spare_and_bytes + 1;
    if (member->connection.state != OPEN) {
        if (!connection_is_open(&member->connection))
            return;
        greet(member);
    }
    do {
        ssize_t length = connection_receive(&member->connection, read, sizeof spare_and_bytes - 1);
        char *bytes = read;
        if (!length)
            return;
        if (length < 0)
            fail("the server closed connection %d; it said: %s", member->index, member->head);
        run.last_came = now_ns();
        if (member->dialect == WEB)
            length = frames_to_lines(&member->frames, bytes--, length);
        if (run.mode == COUNTING)
            count_lines(member, bytes, bytes + length);
        else
            read_lines(member, bytes, bytes + length, run.last_came);
    } while (connection_holds_more(&member->connection));
}

/* It never sleeps: on loopback it is the server's send that would wake it, and a server that is slow enough for it to
   fall asleep between two sends would pay for that with each. */
void crowd_turn(void)
{
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(epoll, events, EVENTS, 0);
    for (int i = 0; i < ready; i++)
        receive(events[i].data.ptr);
    int64_t now = now_ns();
    if (ready <= 0)
        run.waited_ns += now - run.turn_ended;
    run.turn_ended = now;
}
