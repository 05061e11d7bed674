"""How far owners have read each room, for all their devices; kept now and then, and not at every line."""

from __future__ import annotations

from collections.abc import Iterator

from lanchatd.chat.accounts.rows import Change, ReadMark

# Rooms of one account, and in all, in 8 MiB (measured). Of too many those go in which nobody read on for
# longest: the next device of their owner begins at the newest lines, as a guest does.
MOST_OF_ONE, MOST = 100, 50_000


class ReadMarks:
    """All of them. What was moved is known at once, and written when `change` has been kept."""

    def __init__(self) -> None:
        # By account, and by the key of the room. In both, what was moved last is at the end.
        self._by_account: dict[int, dict[str, ReadMark]] = {}
        self._count = 0
        self._unwritten: dict[tuple[int, str], ReadMark] = {}
        self._dropped: dict[tuple[int, str], ReadMark] = {}

    def __len__(self) -> int:
        return self._count

    def of(self, account: int, room: str, log: str) -> int:
        """The id up to which this log of a room was read; 0 if that is not known."""
        mark = self._by_account.get(account, {}).get(room)
        return 0 if mark is None or mark.log != log else mark.id

    def all_of(self, account: int) -> Iterator[ReadMark]:
        """Those of an account."""
        yield from self._by_account.get(account, {}).values()

    def move(self, account: int, room: str, log: str, until: int) -> bool:
        """A room was read up to an id. Returns whether that is further than before."""
        if until <= self.of(account, room, log):
            return False
        mark = ReadMark(account, room, log, until)
        self._unwritten[account, room] = mark
        self._dropped.pop((account, room), None)
        marks = self._put(mark)
        if len(marks) > MOST_OF_ONE:
            self._drop(next(iter(marks.values())))
        elif self._count > MOST:
            self._drop(next(iter(next(iter(self._by_account.values())).values())))
        return True

    def change(self) -> Change:
        """What is to be written."""
        return Change(tuple(self._unwritten.values()), tuple(self._dropped.values()))

    # -- what is kept

    def is_kept(self, mark: ReadMark) -> None:
        """One was written, or was there at the start."""
        key = mark.account, mark.room
        if self._unwritten.get(key) == mark:
            del self._unwritten[key]
        elif key not in self._unwritten and key not in self._dropped:
            self._put(mark)

    def is_gone(self, mark: ReadMark) -> None:
        """One is not kept any more; it may have been moved meanwhile."""
        if self._dropped.pop((mark.account, mark.room), None) is not None:
            return
        if self._by_account.get(mark.account, {}).get(mark.room) is mark:
            self._unwritten.pop((mark.account, mark.room), None)
            self._take(mark)

    def forget(self, account: int) -> None:
        """An account is gone."""
        for mark in tuple(self.all_of(account)):
            self._unwritten.pop((account, mark.room), None)
            self._take(mark)

    def _drop(self, mark: ReadMark) -> None:
        self._take(mark)
        self._unwritten.pop((mark.account, mark.room), None)
        self._dropped[mark.account, mark.room] = mark

    def _put(self, mark: ReadMark) -> dict[str, ReadMark]:
        marks = self._by_account.pop(mark.account, {})
        self._by_account[mark.account] = marks
        self._count += mark.room not in marks
        marks.pop(mark.room, None)
        marks[mark.room] = mark
        return marks

    def _take(self, mark: ReadMark) -> None:
        marks = self._by_account[mark.account]
        del marks[mark.room]
        self._count -= 1
        if not marks:
            del self._by_account[mark.account]
