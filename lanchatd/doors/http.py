"""As much of HTTP as a port speaks that is none of a web server."""

from __future__ import annotations

# RFC 9110, 9.1; RFC 5789; and the preface of HTTP/2, RFC 9113, 3.4.
METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH", b"PRI")


def answer(status: str, text: str, *, to: bytes) -> bytes:
    """A whole response of one line of text; ``to`` is how the request begins."""
    body = f"{text}\n".encode()
    head = (
        f"HTTP/1.1 {status}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + (b"" if to.startswith(b"HEAD ") else body)


def interim(text: str) -> bytes:
    """A line for people that a client of HTTP reads past, on the way to the answer to its next request.

    There may be any number of interim responses, asked for or not (RFC 9110, 15.2).
    """
    return f"HTTP/1.1 100 {text}\r\n\r\n".encode()
