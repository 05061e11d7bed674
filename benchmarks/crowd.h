/* The members of one chat server: how they join, what they say, and what comes to them, in one epoll loop. */

#ifndef CROWD_H
#define CROWD_H

#include <stdbool.h>
#include <stdint.h>

enum { MOST_NODES = 8 };

/* Who there is, and where. */
struct place {
    int ports[MOST_NODES], nodes; /* each node has the same share of the members, the first ones the first */
    int members, rooms, talkers;  /* so many talk in each room */
    int each;                          /* in so many rooms is each member, and talks in the first */
    int at_once;                       /* connections that may be joining */
    bool one_stalls;                   /* one has a small buffer, to be told to stop reading */
    bool tls;
};

/* What is being done, and what came of it. Whoever begins something sets the first part. */
struct run {
    enum { JOINING, COUNTING, TIMING } mode;
    bool saying;      /* whether a line that was seen is followed by another one */
    uint64_t window;  /* lines in flight in each room; 0: none follows another */
    uint64_t to_say;  /* in all; 0: no limit */

    uint64_t said, deliveries;
    uint64_t strange;   /* lines that came and were no talk */
    uint64_t most_told; /* lines that came to one member while everybody joined */
    int64_t last_came;  /* when something last came */
    int64_t waited_ns;  /* in which nothing came, in all */
    int64_t turn_ended; /* when it was last looked whether something came */
    int connected, joined;
    int64_t all_have[MOST_NODES]; /* when all members of a node had the newest line, 0: they have not */
};
extern struct run run;

/* Make the members; ``dialect`` is a name, or mixed. Nobody is connected yet. */
void crowd_seat(const struct place *place, const char *dialect);

/* Connect as many more as may be joining. */
void crowd_connect(void);

/* Forget what came before. */
void crowd_forget(void);

/* The next member that talks in this room says a line, which was due at this time: a late one has been on its way
   since then. */
void crowd_say(int room, int64_t due_ns);

/* Say lines until so many are in flight in each room as the run wants. */
void crowd_fill(void);

/* On which node the member is that talks in this room next. */
int crowd_next_node(int room);

/* How many deliveries the lines said make when all of them are through. */
uint64_t crowd_expected(void);

/* From now on one member reads nothing. */
void crowd_stall(void);

/* Fail if the server has closed that one: then nobody stalls. */
void crowd_still_stalls(void);

/* Take what has come. */
void crowd_turn(void);

#endif
