"""How others join at one address: what they open in a browser, or type."""

from __future__ import annotations

from dataclasses import dataclass

PORT = 8000  # which may be left out


@dataclass(frozen=True, slots=True)
class JoinAddress:
    """A name or an IP address with a port; ``only_tls`` says that nothing else is let in there.

    ``web`` says that there is a page.
    """

    host: str
    port: int
    only_tls: bool = False
    web: bool = True

    @property
    def page(self) -> str | None:
        """The address of the page."""
        if not self.web:
            return None
        return f"http{'s' if self.only_tls else ''}://{self._in_brackets}:{self.port}/"

    @property
    def programs(self) -> tuple[str, ...]:
        """What to type in a shell, for each program that is there perhaps."""
        port = "" if self.port == PORT else f" {self.port}"
        client = f"lanchat-client {self.host}{port}"
        if self.only_tls:
            return f"openssl s_client -quiet -connect {self._in_brackets}:{self.port}", client
        return f"nc {self.host} {self.port}", client, f"irssi -c {self.host} -p {self.port}"

    @property
    def all(self) -> tuple[str, ...]:
        """Every way in."""
        return *(() if self.page is None else (self.page,)), *self.programs

    @property
    def _in_brackets(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host
