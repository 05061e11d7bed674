"""The state directory: what the daemon keeps between two runs, for nobody else to read or change.

Every document in it is whole at any moment: the old version or the new one, whatever ends the daemon.
"""

from __future__ import annotations

import codecs
import errno
import fcntl
import os
import pwd
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorThreads
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from lanchatd.chat.answers import Answer
from lanchatd.state.files import StateError, open_own, refuse_foreign

# What ends the name of a file that is still being written. Nobody else's files end so: they are removed.
_UNFINISHED = ".lanchatd-new"


def default_state_dir(environ: Mapping[str, str]) -> Path:
    """Where state is kept unless somebody says otherwise. Raises `StateError` if there is no such place."""
    if given := environ.get("STATE_DIRECTORY", "").split(":")[0]:  # systemd.exec(5)
        return Path(given)
    state = Path(environ.get("XDG_STATE_HOME", ""))  # XDG Base Directory Specification 0.8
    if not state.is_absolute():
        state = _home(environ) / ".local" / "state"
    return state / "lanchatd"


def _home(environ: Mapping[str, str]) -> Path:
    home = Path(environ.get("HOME", ""))
    if not home.is_absolute():
        try:
            home = Path(pwd.getpwuid(os.getuid()).pw_dir)
        except KeyError:  # a user id without a name, as in containers
            raise StateError("there is no home directory to keep state in: give a --state-dir") from None
    return home


class StateDir:
    """The directory, taken by one daemon at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = -1  # not taken

    def open(self) -> None:
        """Make it if it is not there, take it, and clear away what a kill left half written.

        Raises `StateError`. It stays taken in a process forked from this one, and is free when the last of
        them is gone, killed or not.
        """
        try:
            _make(self.path)
            refuse_foreign(self.path, self.path.stat())
            self._refuse_open_to_others()
            lock = open_own(self.file("lock"), os.O_RDWR | os.O_CREAT)
        except FileExistsError as error:
            raise StateError(f"{error.filename} is not a directory") from None
        except OSError as error:
            raise StateError(f"can't use the state directory {self.path}: {error.strerror}") from None
        try:
            # Not lockf: that lock would end with the parent, when twistd forks into the background.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            taken = error.errno == errno.EWOULDBLOCK
            why = self._used_by(lock) if taken else f"can't be locked: {error.strerror}"
            os.close(lock)
            raise StateError(f"{self.path} {why}") from None
        self._lock = lock
        self._write_pid()
        for unfinished in self.path.glob(f".*{_UNFINISHED}"):
            with suppress(OSError):  # it is in nobody's way
                unfinished.unlink()

    def _write_pid(self) -> None:
        """Note the process id, for whom `open` refuses."""
        with suppress(OSError):  # on a full disk the lock holds all the same
            written = os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
            os.ftruncate(self._lock, written)

    def close(self) -> None:
        """Let another daemon take it."""
        if self._lock != -1:
            os.close(self._lock)
            self._lock = -1

    def file(self, name: str) -> Path:
        """The path of a file in it."""
        return self.path / name

    def _refuse_open_to_others(self) -> None:
        mode = self.path.stat().st_mode
        if mode & (stat.S_IWGRP | stat.S_IWOTH):
            # /tmp and its like are meant to be so.
            cure = "choose another --state-dir" if mode & stat.S_ISVTX else "chmod 700 it"
            raise StateError(f"others can write to the state directory {self.path}: {cure}")

    @staticmethod
    def _used_by(lock: int) -> str:
        pid = os.pread(lock, 20, 0).strip()
        who = f" (pid {int(pid)})" if pid.isdigit() else ""
        return f"is used by another lanchatd{who}: give this one a --state-dir of its own"


def _make(path: Path) -> None:
    if not path.is_dir():
        _make(path.parent)  # Path.mkdir would leave these to the umask
        path.mkdir(0o700, exist_ok=True)


def read_file(path: Path, most_bytes: int, secret: bool = False) -> tuple[bytes, int]:
    """A text file that was given, without a byte order mark, and its mode.

    Raises OSError, and `StateError` if it is too large or no file, or a secret that another user but root can
    change. A pipe of that name is not waited for: the daemon reads its files again while people talk. It may
    be a link, as those are by which certificates and credentials are kept up to date.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise StateError(f"{path} is not a file")
        if secret:
            refuse_foreign(path, status, also=(0,))
        content = _content(path, file, most_bytes)
    return content.removeprefix(codecs.BOM_UTF8), status.st_mode


def read_own(path: Path, most_bytes: int) -> tuple[bytes, int]:
    """The same of a file of the state directory, as `open_own` opens it."""
    with os.fdopen(open_own(path, os.O_RDONLY), "rb") as file:
        content = _content(path, file, most_bytes)
        return content.removeprefix(codecs.BOM_UTF8), os.fstat(file.fileno()).st_mode


def _content(path: Path, file: BinaryIO, most_bytes: int) -> bytes:
    content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise StateError(f"{path} is larger than {most_bytes:,} bytes")
    return content


def write_safely(path: Path, content: bytes) -> None:
    """Put a document in place of the old one; when this returns, a power cut can't undo it.

    Only its owner can read it, at any moment. Raises OSError; the old one is still there then. (But for the
    last step: if only the directory could not be synced, the new one is there, and may not be for long.)
    """
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # mkstemp makes it with mode 0600, whatever the umask is.
        descriptor, new = tempfile.mkstemp(_UNFINISHED, f".{path.name}.", path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # or the name could be on the disk before what is in it
            Path(new).rename(path)
        except BaseException:
            Path(new).unlink(missing_ok=True)
            raise
        os.fsync(directory)
    finally:
        os.close(directory)


class Keeper:
    """Keeps the newest version of one document.

    It is written in a thread: on a slow disk an fsync takes seconds, and nobody should wait for that to talk.
    One write is under way at a time. What comes meanwhile waits for the next one, which writes only the
    newest: a hundred bans pasted at once are two writes.
    """

    log = Logger("lanchatd")

    def __init__(self, reactor: IReactorThreads, path: Path) -> None:
        self._reactor = reactor
        self._path = path
        self._newest = b""
        self._waiting: list[Answer[None]] = []
        self._under_way = False
        self._at_once = False
        self._failed = False
        self._finished: list[Deferred[None]] = []

    def keep(self, content: bytes) -> Answer[None]:
        """Write this version, or a newer one; then answer in the reactor's thread, in order.

        With an OSError if it could not be written.
        """
        answer: Answer[None] = Answer()
        self._newest = content
        self._waiting.append(answer)
        if not self._under_way:
            self._begin()
        return answer

    @property
    def kept(self) -> bool:
        """Whether the newest version is the one in the file."""
        return not (self._under_way or self._failed)

    def finish(self) -> Deferred[None]:
        """Fires when nothing is under way: before it stops, the reactor should wait for that.

        From then on `keep` writes before it returns: when the reactor's threads have ended, they take nothing
        more, and say nothing.
        """
        self._at_once = True
        if not self._under_way:
            return succeed(None)
        finished: Deferred[None] = Deferred()
        self._finished.append(finished)
        return finished

    def _begin(self) -> None:
        self._under_way = True
        waiting, self._waiting = self._waiting, []
        if self._at_once:
            self._written(waiting, _try_to_write(self._path, self._newest))
            return
        threads = self._reactor.getThreadPool()
        writing = deferToThreadPool(self._reactor, threads, _try_to_write, self._path, self._newest)
        writing.addCallback(partial(self._written, waiting))

    def _written(self, waiting: list[Answer[None]], error: OSError | None) -> None:
        self._failed = error is not None
        if error is not None:
            self.log.warn("can't write to {path}: {why}", path=str(self._path), why=error.strerror)
        for answer in waiting:
            with self.log.failuresHandled("while telling that {path} is kept:", path=str(self._path)):
                if error is None:
                    answer.settle(None)
                else:
                    answer.fail(error)
        if self._waiting:
            self._begin()
            return
        self._under_way = False
        finished, self._finished = self._finished, []
        for deferred in finished:
            deferred.callback(None)


def _try_to_write(path: Path, content: bytes) -> OSError | None:
    try:
        write_safely(path, content)
    except OSError as error:
        return error
    return None
