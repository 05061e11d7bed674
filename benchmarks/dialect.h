/* What each kind of server is told and tells: how to join it, how to say a line, how talk looks. */

#ifndef DIALECT_H
#define DIALECT_H

#include <stdbool.h>
#include <stddef.h>

enum dialect { FLOOR, TEXT, JSON, IRC, WEB };

/* What a member sends as soon as it is connected; returns its length, 0 if it is joined by connecting. */
int hello(enum dialect dialect, char *to, size_t size, int member, int room, bool one_room);

/* The same of one that is in so many rooms from this one on, of all there are, and speaks JSON. */
int hello_to_several(char *to, size_t size, int member, int room, int each, int rooms);

/* What a line of the server, of which this is the beginning, means to a member that is joining. */
enum step { NOTHING, GREETED, JOINED };
enum step step(enum dialect dialect, const char *line, int room, bool one_room);

/* What a member sends after GREETED; returns its length. */
int join(enum dialect dialect, char *to, size_t size, int room);

/* A line to say, with its end; returns its length. */
int say(enum dialect dialect, char *to, size_t size, int room, const char *text);

/* The same of one that is in several rooms. */
int say_in(char *to, size_t size, int room, const char *text);

/* Of which room a line in JSON is; -1: of none. */
int room_of(const char *line, size_t length);

/* What a member answers to a line of the server that is no talk, without its end, if it asks; returns its length. */
int answer(enum dialect dialect, char *to, size_t size, const char *line);

/* Whether a line of the server says that a member has joined, which by IRC it may at any time. */
bool is_join(enum dialect dialect, const char *line, size_t length);

/* Whether a line of the server, whole or cut off, is talk of another member. */
bool is_talk(enum dialect dialect, const char *line, size_t length);

#endif
