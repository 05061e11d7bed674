/* The load generator: drives the members of one chat server.

   load PORTS SERVER_PIDS DIALECT MEMBERS ROOMS EACH TALKERS AT_ONCE STALLS TLS
        PORTS and SERVER_PIDS: with commas between them if the chat is served by several; each has the same share
        of the members; DIALECT floor, text, json, irc, web, or mixed (every other member of text and JSON); EACH: in so many of
        the rooms is each member, and talks in the first of them; TALKERS of each room; AT_ONCE so many
        connections are joining at the most; STALLS 1 if one member will stop reading; TLS 1 if all speak it.

   Takes commands on standard input, one a line, and answers each with one JSON object in a line:

   join                    connect and join all, and wait until nothing more comes
   window LINES SECONDS    so many lines are in flight in each room for that time: a new one is said when one
                           has been seen by every member that does not talk
   lines COUNT LINES       the same, until so many were said in all rooms together
   pace LINES_PER_S SECONDS    say lines evenly spaced, whatever comes back, and time each delivery from when
                           its line was due: `late_ms` is how late the latest one was said
   across COUNT            with one in flight, say lines by turns at each server: `here_ms` until all members of
                           the server have it where it is said, `there_ms` until all of the last other one have it
   handshakes COUNT AT_ONCE    connect, shake hands (TLS) and end again, beside the members, so many at once
   stall                   one member does not read any more
   idle SECONDS            say nothing

   Each ends when all that was said has come. The answers' names end in their units; `seconds` is how long it took,
   `server_cpu_s` the CPU time of the server in it (of all of them, and `most_cpu_s` of the one that used the most), and
   `load_cpu_share` in which part of it this program had something to do. */

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

static clockid_t server_clocks[MOST_NODES];

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

static void wait_for_all(void)
{
    uint64_t all = crowd_expected();
    while (run.deliveries < all) {
        crowd_turn();
        if (now_ns() > run.last_came + LOST_MS * MS)
            fail("%llu of %llu deliveries came", (unsigned long long)run.deliveries, (unsigned long long)all);
    }
}

static void finish(int64_t begin)
{
    wait_for_all();
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

static int compare(const void *one, const void *other)
{
    int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
    return (a > b) - (a < b);
}

static double median_ms(int64_t *durations, int count)
{
    qsort(durations, count, sizeof *durations, compare);
    return durations[count / 2] / 1e6;
}

static void say_across(int count, int nodes)
{
    int64_t *here = calloc(count, sizeof *here), *there = calloc(count, sizeof *there), begin = now_ns();
    crowd_forget();
    run.mode = COUNTING;
    for (int i = 0; i < count; i++) {
        int64_t said = now_ns(), all_there = said;
        int node = crowd_next_node(0);
        crowd_say(0, said);
        wait_for_all();
        for (int other = 0; other < nodes; other++)
            if (other != node && run.all_have[other] > all_there)
                all_there = run.all_have[other];
        here[i] = run.all_have[node] - said;
        there[i] = all_there - said;
    }
    finish(begin);
    printf("\"here_ms\": %.4f, \"there_ms\": %.4f, ", median_ms(here, count), median_ms(there, count));
    free(here);
    free(there);
}

static void shake_hands(const struct place *place, int count, int at_once)
{
    int64_t begin = now_ns();
    if (!place->tls)
        fail("these members do not speak TLS");
    handshakes(place->ports[0], count, at_once);
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
    int64_t wall = run.turn_ended = now_ns(), own = busy_ns(), server = 0, most = 0, used[MOST_NODES];
    for (int node = 0; node < place->nodes; node++)
        used[node] = cpu_ns(server_clocks[node]);
    if (!strcmp(name, "join")) {
        join_all(place->members);
    } else if (!strcmp(name, "window")) {
        keep_in_flight((uint64_t)first, 0, second);
    } else if (!strcmp(name, "lines")) {
        keep_in_flight((uint64_t)second, (uint64_t)first, 600);
    } else if (!strcmp(name, "pace")) {
        keep_pace(first, second, place->rooms);
    } else if (!strcmp(name, "across")) {
        say_across((int)first, place->nodes);
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
    for (int node = 0; node < place->nodes; node++) {
        used[node] = cpu_ns(server_clocks[node]) - used[node];
        server += used[node];
        most = used[node] > most ? used[node] : most;
    }
    /* Time in which another program had the core while this one waited is not had by either. */
    int64_t busy = busy_ns() > own ? busy_ns() - own : 0;
    printf("\"server_cpu_s\": %.6f, \"most_cpu_s\": %.6f, \"load_cpu_share\": %.4f}\n", server / 1e9, most / 1e9,
           (double)busy / (now_ns() - wall));
    fflush(stdout);
}

/* The next of some numbers that have commas between them. */
static int number(char **list)
{
    return (int)strtol(*list + (**list == ','), list, 10);
}

int main(int argc, char **argv)
{
    if (argc != 11)
        fail("usage: load PORTS SERVER_PIDS DIALECT MEMBERS ROOMS EACH TALKERS AT_ONCE STALLS TLS");
    struct place place = {
        .members = atoi(argv[4]), .rooms = atoi(argv[5]), .each = atoi(argv[6]),
        .talkers = atoi(argv[7]), .at_once = atoi(argv[8]), .one_stalls = atoi(argv[9]), .tls = atoi(argv[10]),
    };
    signal(SIGPIPE, SIG_IGN);
    for (char *ports = argv[1], *pids = argv[2]; *ports; place.nodes++) {
        if (place.nodes == MOST_NODES)
            fail("at most %d serve one chat", MOST_NODES);
        place.ports[place.nodes] = number(&ports);
        if (clock_getcpuclockid(number(&pids), &server_clocks[place.nodes]))
            fail("there is no such process: %s", argv[2]);
    }
    if (place.members % place.nodes)
        fail("each of %d servers has the same share of the members", place.nodes);
    if (place.rooms < 1 || place.talkers < 1 || place.members / place.rooms < 2 * place.talkers)
        fail("at most half of a room may talk");
    crowd_seat(&place, argv[3]);
    char command[128];
    while (fgets(command, sizeof command, stdin))
        obey(command, &place);
    return 0;
}
