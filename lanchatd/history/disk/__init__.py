"""The log on disk: one SQLite file for all rooms, behind the calls of `lanchatd.chat.log`.

`store` is the file, and `commits` gathers what happens in one turn of the reactor, in all rooms, into one
commit; `room_log` is one room's part of it, with its newest events in memory. `rows` is the SQL, `schema` the
tables, `opening` and `wal` what is done with the file at start, and `worker` a thread: one writes, and others
read. `index` and `pruning` keep the file in order, in steps between the commits.
"""
