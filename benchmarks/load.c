/* The load generator: drives the members of one chat server.

   load PORT SERVER_PID DIALECT MEMBERS ROOMS EACH TALKERS AT_ONCE STALLS TLS
        DIALECT floor, text, json, irc, web, or mixed (every other member of text and JSON); EACH: in so many of
        the rooms is each member, and talks in the first of them; TALKERS of each room; AT_ONCE so many
        connections are joining at the most; STALLS 1 if one member will stop reading; TLS 1 if all speak it.

   Takes commands on standard input, one a line, and answers each with one JSON object in a line:

   join                    connect and join all, and wait until nothing more comes
   window LINES SECONDS    so many lines are in flight in each room for that time: a new one is said when one
                           has been seen by every member that does not talk
   lines COUNT LINES       the same, until so many were said in all rooms together
   pace LINES_PER_S SECONDS    say lines evenly spaced, whatever comes back, and time each delivery from when
                           its line was due: `late_ms` is how late the latest one was said
   handshakes COUNT AT_ONCE    connect, shake hands (TLS) and end again, beside the members, so many at once
   stall                   one member does not read any more
   idle SECONDS            say nothing

   Each ends when all that was said has come. The answers' names end in their units; `seconds` is how long it took,
   `server_cpu_s` the CPU time of the server in it, and `load_cpu_share` in which part of it this program had something
   to do. */

#define _GNU_SOURCE
#include "basics.h"
#include "crowd.h"
#include "handshakes.h"
#include "latency.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    TOLD_MS = 1500,    /* who joined is told within a second: when nothing came for so long, nothing will */
    JOINED_MS = 600000,
    LOST_MS = 20000    /* a line that has not come after this is lost */
};

static const int64_t MS = 1000000;

static clockid_t server_clock;

static int64_t cpu_ns(clockid_t clock)
{
    struct timespec used;
    if (clock_gettime(clock, &used))
        fail("the server is gone");
    return used.tv_sec * INT64_C(1000000000) + used.tv_nsec;
}

static int64_t busy_ns(void)
{
    return cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - run.waited_ns;
}

static void join_all(int members)
{
    int64_t begin = now_ns();
    run.mode = JOINING;
    while (run.joined < members) {
        crowd_connect();
        if (run.joined < members)
            crowd_turn();
        if (now_ns() > begin + JOINED_MS * MS)
            fail("only %d of %d joined", run.joined, members);
    }
    int64_t end = run.last_came = now_ns();
    while (now_ns() < run.last_came + TOLD_MS * MS)
        crowd_turn();
    printf("{\"joined_s\": %.6f, \"told_s\": %.6f, \"most_told\": %llu, ", (end - begin) / 1e9,
           (run.last_came - begin) / 1e9, (unsigned long long)run.most_told);
}

static void finish(int64_t begin)
{
    uint64_t all = crowd_expected();
    while (run.deliveries < all) {
        crowd_turn();
        if (now_ns() > run.last_came + LOST_MS * MS)
            fail("%llu of %llu deliveries came", (unsigned long long)run.deliveries, (unsigned long long)all);
    }
    run.window = 0;
    crowd_still_stalls();
    printf("{\"seconds\": %.6f, \"lines\": %llu, \"deliveries\": %llu, \"strange\": %llu, ",
           (now_ns() - begin) / 1e9, (unsigned long long)run.said, (unsigned long long)run.deliveries,
           (unsigned long long)run.strange);
    if (run.mode == TIMING)
        printf("\"p50_ms\": %.4f, \"p99_ms\": %.4f, ", latency_ms(0.5), latency_ms(0.99));
}

static void keep_in_flight(uint64_t window, uint64_t count, double seconds)
{
    crowd_forget();
    run.mode = COUNTING;
    run.window = window;
    run.to_say = count;
    run.saying = true;
    int64_t begin = now_ns(), end = begin + (int64_t)(seconds * 1e9);
    crowd_fill();
    while (run.saying && now_ns() < end)
        crowd_turn();
    run.saying = false;
    finish(begin);
}

static void keep_pace(double lines_per_s, double seconds, int rooms)
{
    crowd_forget();
    run.mode = TIMING;
    run.to_say = 0;
    uint64_t count = (uint64_t)(lines_per_s * seconds);
    int64_t begin = now_ns(), latest = 0;
    while (run.said < count) {
        int64_t due = begin + (int64_t)(run.said / lines_per_s * 1e9), late = now_ns() - due;
        if (late >= 0) {
            latest = late > latest ? late : latest;
            crowd_say(run.said % rooms, due);
        } else {
            crowd_turn();
        }
    }
    finish(begin);
    printf("\"late_ms\": %.4f, ", latest / 1e6);
}

static void shake_hands(const struct place *place, int count, int at_once)
{
    int64_t begin = now_ns();
    if (!place->tls)
        fail("these members do not speak TLS");
    handshakes(place->port, count, at_once);
    printf("{\"handshakes\": %d, \"seconds\": %.6f, ", count, (now_ns() - begin) / 1e9);
}

static void stay_idle(double seconds)
{
    int64_t end = now_ns() + (int64_t)(seconds * 1e9);
    crowd_forget();
    run.mode = COUNTING;
    while (now_ns() < end)
        crowd_turn();
    printf("{\"seconds\": %.6f, \"came\": %llu, ", seconds, (unsigned long long)run.deliveries);
}

static void obey(const char *command, const struct place *place)
{
    double first = 0, second = 0;
    char name[16] = "";
    sscanf(command, "%15s %lf %lf", name, &first, &second);
    int64_t wall = run.turn_ended = now_ns(), server = cpu_ns(server_clock), own = busy_ns();
    if (!strcmp(name, "join")) {
        join_all(place->members);
    } else if (!strcmp(name, "window")) {
        keep_in_flight((uint64_t)first, 0, second);
    } else if (!strcmp(name, "lines")) {
        keep_in_flight((uint64_t)second, (uint64_t)first, 600);
    } else if (!strcmp(name, "pace")) {
        keep_pace(first, second, place->rooms);
    } else if (!strcmp(name, "handshakes")) {
        shake_hands(place, (int)first, (int)second);
    } else if (!strcmp(name, "idle")) {
        stay_idle(first);
    } else if (!strcmp(name, "stall")) {
        crowd_stall();
        printf("{");
    } else {
        fail("no such command: %s", command);
    }
    printf("\"server_cpu_s\": %.6f, \"load_cpu_share\": %.4f}\n", (cpu_ns(server_clock) - server) / 1e9,
           (double)(busy_ns() - own) / (now_ns() - wall));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc != 11)
        fail("usage: load PORT SERVER_PID DIALECT MEMBERS ROOMS EACH TALKERS AT_ONCE STALLS TLS");
    struct place place = {
        .port = atoi(argv[1]), .members = atoi(argv[4]), .rooms = atoi(argv[5]), .each = atoi(argv[6]),
        .talkers = atoi(argv[7]), .at_once = atoi(argv[8]), .one_stalls = atoi(argv[9]), .tls = atoi(argv[10]),
    };
    signal(SIGPIPE, SIG_IGN);
    if (clock_getcpuclockid(atoi(argv[2]), &server_clock))
        fail("there is no process %s", argv[2]);
    if (place.rooms < 1 || place.talkers < 1 || place.members / place.rooms < 2 * place.talkers)
        fail("at most half of a room may talk");
    crowd_seat(&place, argv[3]);
    char command[128];
    while (fgets(command, sizeof command, stdin))
        obey(command, &place);
    return 0;
}
