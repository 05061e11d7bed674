"""Those who mean harm and speak TLS, for `tests.faults.intruders`."""

from __future__ import annotations

import ctypes
import ctypes.util
import selectors
import socket
import ssl
import time
from collections import Counter
from typing import Any

from tests.faults.members import PATIENCE_S, REFUSED, connect
from tests.impostors import any_server

Found = dict[str, Any]

RECORDS = 2_000  # that are encrypted at once


class Records:
    """A connection that is sent a piece a record, over and over, as fast as it takes them."""

    def __init__(self, port: int, index: int, nick: str, piece: bytes) -> None:
        self.socket = any_server().wrap_socket(connect(port, index))
        self.socket.sendall(nick.encode() + b"\n")
        self.socket.setblocking(False)
        self.last = "lost"
        self.records = 0
        self._piece = piece

    def goes_on(self, ready: int) -> bool:
        try:
            if ready & selectors.EVENT_WRITE:
                for _ in range(RECORDS):
                    self.socket.send(self._piece)
                    self.records += 1
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            pass
        except OSError:
            return False
        try:
            while came := self.socket.recv(65_536):
                if refused := REFUSED.findall(came):
                    self.last = refused[-1].decode()
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return True
        except OSError:
            pass
        return False


def records(port: int, piece: str, connections: int = 1, seconds: float = PATIENCE_S) -> Found:
    """Members over TLS that send a piece a record, over and over."""
    selector = selectors.DefaultSelector()
    streams = [Records(port, 10_000 + index, f"drip{index}", piece.encode()) for index in range(connections)]
    for stream in streams:
        selector.register(stream.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, stream)
    end = time.monotonic() + seconds
    while selector.get_map() and time.monotonic() < end:
        for key, ready in selector.select(0.1):
            if not key.data.goes_on(ready):
                selector.unregister(key.fileobj)
    left = len(selector.get_map())
    for stream in streams:
        stream.socket.close()
    return {
        "records": sum(stream.records for stream in streams),
        "closed": dict(Counter(stream.last for stream in streams)),
        "left": left,
    }


def libssl() -> Any:
    """OpenSSL itself, for what Python's module does not ask of it; None if it is not there."""
    name = ctypes.util.find_library("ssl")
    if name is None:
        return None
    library = ctypes.CDLL(name)
    if not hasattr(library, "SSL_key_update"):
        return None
    for function in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
        getattr(library, function).restype = ctypes.c_void_p
    library.SSL_CTX_new.argtypes = library.SSL_new.argtypes = (ctypes.c_void_p,)
    library.SSL_set_fd.argtypes = library.SSL_key_update.argtypes = (ctypes.c_void_p, ctypes.c_int)
    library.SSL_connect.argtypes = library.SSL_do_handshake.argtypes = (ctypes.c_void_p,)
    library.SSL_write.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)
    return library


def new_keys(
    port: int, connections: int = 1, seconds: float = PATIENCE_S, receive_buffer: int = 4_096
) -> Found:
    """Members over TLS 1.3 that ask for new keys (RFC 8446, 4.6.3), over and over, and read nothing."""
    library = libssl()
    context = library.SSL_CTX_new(library.TLS_client_method())
    peers: list[tuple[socket.socket, Any]] = []
    for index in range(connections):
        peer = connect(port, 10_000 + index, receive_buffer=receive_buffer)
        session = library.SSL_new(context)
        peer.settimeout(None)
        assert library.SSL_set_fd(session, peer.fileno()) == 1
        assert library.SSL_connect(session) == 1
        nick = f"keys{index}\n".encode()
        assert library.SSL_write(session, nick, len(nick)) == len(nick)
        peer.setblocking(False)
        peers.append((peer, session))
    asked = 0
    closed: list[float] = []
    began = time.monotonic()
    while peers and time.monotonic() < began + seconds:
        taken = 0
        for peer, session in list(peers):
            for _ in range(100):
                library.SSL_key_update(session, 1)
                if library.SSL_do_handshake(session) != 1:
                    break
                taken += 1
            try:
                gone = not peer.recv(1, socket.MSG_PEEK) if peer.send(b"") else False
            except BlockingIOError:
                gone = False
            except OSError:
                gone = True
            error = peer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            state = peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
            if gone or error or state != 1:  # TCP_ESTABLISHED
                closed.append(time.monotonic() - began)
                peers.remove((peer, session))
                peer.close()
        asked += taken
        if not taken:
            time.sleep(0.01)
    return {"asked": asked, "closed_s": closed, "left": len(peers)}
