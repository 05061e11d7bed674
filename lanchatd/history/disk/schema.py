"""The tables of the log on disk, and how an older file is brought up to them."""

from __future__ import annotations

# "lanc": says that an SQLite file is one of ours.
APPLICATION_ID = 0x6C61_6E63

# Each takes a file one version on, from an empty one to today's; a released one is never changed.
#
# A room's number stands for it in its events. `pruned` is the id up to which its events are gone, so that ids
# never go back. `place` is the order of all rooms together, and the row in the index of words, which holds no
# text of its own, and the events up to the place `indexed`. `words` is what is searched if that is not the
# text itself; from `indexed` up to the place `outdated` it is as an older version made it. So a version that
# makes other words of a text begins the index anew, and nobody has to wait until it is whole.
#
# A room in `removed` is not there any more; its events go in steps, and then its words, while the index is
# `merging`. `removals` counts such rooms: in the
# log those until now, and in a room those before it was made, as a part of its log's name.
MIGRATIONS = (
    """
    CREATE TABLE log (name TEXT NOT NULL, indexed INTEGER NOT NULL DEFAULT 0);
    INSERT INTO log (name) VALUES (lower(hex(randomblob(4))));
    CREATE TABLE room (
        number INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        topic TEXT NOT NULL DEFAULT '',
        pruned INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE event (
        place INTEGER PRIMARY KEY,
        room INTEGER NOT NULL REFERENCES room,
        id INTEGER NOT NULL,
        at_us INTEGER NOT NULL,
        kind TEXT NOT NULL,
        nick TEXT NOT NULL,
        text TEXT NOT NULL,
        ref TEXT,
        words TEXT
    );
    CREATE UNIQUE INDEX event_of_room ON event (room, id);
    CREATE VIRTUAL TABLE word USING fts5(
        text, content='', columnsize=0,
        tokenize="unicode61 remove_diacritics 2 categories 'L* N* M* Co So'"
    );
    CREATE TRIGGER event_went AFTER DELETE ON event WHEN old.place <= (SELECT indexed FROM log) BEGIN
        INSERT INTO word (word, rowid, text) VALUES ('delete', old.place, coalesce(old.words, old.text));
    END;
    CREATE TRIGGER topic_came AFTER INSERT ON event WHEN new.kind = 'topic' BEGIN
        UPDATE room SET topic = new.text WHERE number = new.room;
    END;
    """,
    # Accents are no longer left to the index, which knows too few of them.
    """
    DROP TRIGGER event_went;
    DROP TABLE word;
    CREATE VIRTUAL TABLE word USING fts5(
        text, content='', columnsize=0,
        tokenize="unicode61 remove_diacritics 0 categories 'L* N* M* Co So'"
    );
    CREATE TRIGGER event_went AFTER DELETE ON event WHEN old.place <= (SELECT indexed FROM log) BEGIN
        INSERT INTO word (word, rowid, text) VALUES ('delete', old.place, coalesce(old.words, old.text));
    END;
    ALTER TABLE log ADD COLUMN outdated INTEGER NOT NULL DEFAULT 0;
    UPDATE log SET indexed = 0, outdated = (SELECT coalesce(max(place), 0) FROM event);
    """,
    # How much of a room is kept: text, nick, words, and a hundred bytes for all that is about a row.
    """
    ALTER TABLE room ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
    UPDATE room SET bytes = (
        SELECT coalesce(sum(100 + length(CAST(nick AS BLOB)) + length(CAST(text AS BLOB))
            + coalesce(length(CAST(words AS BLOB)), 0)), 0) FROM event WHERE room = number
    );
    CREATE TRIGGER bytes_came AFTER INSERT ON event BEGIN
        UPDATE room SET bytes = bytes + 100 + length(CAST(new.nick AS BLOB)) + length(CAST(new.text AS BLOB))
            + coalesce(length(CAST(new.words AS BLOB)), 0) WHERE number = new.room;
    END;
    CREATE TRIGGER bytes_went AFTER DELETE ON event BEGIN
        UPDATE room SET bytes = bytes - 100 - length(CAST(old.nick AS BLOB)) - length(CAST(old.text AS BLOB))
            - coalesce(length(CAST(old.words AS BLOB)), 0) WHERE number = old.room;
    END;
    """,
    """
    CREATE TABLE removed (number INTEGER PRIMARY KEY, merging INTEGER NOT NULL DEFAULT 0);
    ALTER TABLE log ADD COLUMN removals INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE room ADD COLUMN removals INTEGER NOT NULL DEFAULT 0;
    """,
    # Who set a topic, and when.
    """
    ALTER TABLE room ADD COLUMN topic_by TEXT NOT NULL DEFAULT '';
    ALTER TABLE room ADD COLUMN topic_at_us INTEGER NOT NULL DEFAULT 0;
    UPDATE room SET topic_by = event.nick, topic_at_us = event.at_us FROM event WHERE event.room = room.number
        AND event.id = (SELECT max(id) FROM event WHERE room = room.number AND kind = 'topic');
    DROP TRIGGER topic_came;
    CREATE TRIGGER topic_came AFTER INSERT ON event WHEN new.kind = 'topic' BEGIN
        UPDATE room SET topic = new.text, topic_by = new.nick, topic_at_us = new.at_us
            WHERE number = new.room;
    END;
    """,
    # Whether who said it owned the nick then: who owns it later need not have said it.
    "ALTER TABLE event ADD COLUMN known INTEGER",
)

# For a log in which ids may be given again that somebody saw.
NEW_NAME = "UPDATE log SET name = lower(hex(randomblob(4)))"
