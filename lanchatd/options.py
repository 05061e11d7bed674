"""The options of ``twistd lanchat``: each is converted and checked before anything starts."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Sequence
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

from twisted.internet.endpoints import (
    StandardIOEndpoint,
    TCP4ServerEndpoint,
    TCP6ServerEndpoint,
    serverFromString,
)
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.python import usage

from lanchatd.broker.address import Address, address_from
from lanchatd.chat.accounts.proof import INVITE, OFF, OPEN
from lanchatd.limits import Limits, conflict_in, each_limit, limit_from, option_name
from lanchatd.net.credentials import TakingAllClients
from lanchatd.net.shared_port import SharedPort
from lanchatd.state.directory import default_state_dir, read_file
from lanchatd.state.files import StateError
from lanchatd.text import cleaning, hosts
from lanchatd.text.refused import Refused

PORT = 8000
LOOPBACK = "127.0.0.1"
# Connections that wait to be accepted. When a room comes back at once, or many keep silent, one that does not
# fit tries again only after a second (Twisted's default is 50; the kernel gives 4,096 at the most).
BACKLOG = 2_048
LONGEST_NAME = 64  # characters, of the server
LONGEST_MOTD = 16_384  # bytes: it is sent to everybody, in one go


class Options(usage.Options):
    """What can be set. Everything is checked before anything starts."""

    synopsis = "[options]"
    longdesc = "A chat server for the people on one network: they join with nc, telnet or a program."
    optParameters = [  # noqa: RUF012
        ["port", "p", None, f"TCP port; 0 takes any that is free.  [default: {PORT}]"],
        ["interface", "i", None, "IP address to listen on.  [default: all, IPv4 and IPv6]"],
        ["advertise", None, None, "HOST:PORT where one joins this daemon, told at the others of the chat."],
        ["name", None, None, "Name of this server, in the greeting.  [default: the host name]"],
        ["motd", None, None, "File whose lines are part of the greeting, in UTF-8."],
        ["state-dir", None, None, "Directory for what is kept.  [default: ~/.local/state/lanchatd]"],
        ["accounts", None, OPEN, "Who may register a nick: open, invite or off."],
        ["guests", None, "yes", "Whether others than owners of nicks come in: yes or no."],
        ["broker", None, None, "URL of a NATS server: several daemons are one chat.  [default: none]"],
        ["broker-login", None, None, "File with the user, password and certificates for it, in TOML."],
        ["tls-cert", None, None, "File of a TLS key and its certificate, in PEM.  [default: made for you]"],
        ["admin-port", None, None, "TCP port of the administrators' console, by SSH.  [default: none]"],
        ["admin-interface", None, None, "IP address for it to listen on.  [default: 127.0.0.1]"],
        ["admin-keys", None, None, "File of the SSH keys that may log in to it, as for sshd."],
        ["manhole-keys", None, None, "File of the SSH keys that may run Python in the daemon."],
        *(
            [option_name(limit), None, limit.default, f"{limit.metadata['what']} ({limit.metadata['unit']})"]
            for limit in each_limit()
        ),
    ]  # fmt: skip

    optFlags = [  # noqa: RUF012
        ["no-history", None, "Keep what is said in memory only: a restart forgets it."],
        ["reuse-port", None, "Share the port with other daemons of this machine that are one chat."],
        ["no-web", None, "Show no page to browsers."],
        ["no-announce", None, "Do not announce it on the network (mDNS)."],
        ["no-qr", None, "Show no QR code of the page's address in the terminal."],
        ["metrics", None, "Give programs on this machine the numbers of the daemon, at /metrics."],
        ["require-tls", None, "Let in from other machines only who speaks TLS."],
    ]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.listens: list[str] = []
        self.web_hosts: list[str] = []
        self.metrics_from: list[IPv4Network | IPv6Network] = []
        self.endpoints: list[tuple[str, IStreamServerEndpoint]] = []
        self.places: list[tuple[str, str, int, bool]] = []
        """What is listened on, for people, its interface and port, and whether others may listen there."""
        self.advertise: tuple[str, int] | None = None
        """Where others join this daemon, for those who are at another one."""
        self.parent: usage.Options | None = None
        self.limits = Limits()
        self.motd: tuple[str, ...] = ()
        self.state_dir = Path()
        self.tls_cert: Path | None = None
        self.broker: Address | None = None

    def opt_listen(self, endpoint: str) -> None:
        """Twisted server endpoint to listen on, instead of the port; may be given again.

        For example unix:/run/lanchatd.sock or tcp:8000:interface=127.0.0.1
        """
        self.listens.append(endpoint)

    def opt_web_host(self, name: str) -> None:
        """Name of this server in the addresses of browsers, besides the host's own; may be given again."""
        if not hosts.is_name(name):
            raise usage.UsageError(f"--web-host: {name!r} is not the name of a host")
        self.web_hosts.append(name)

    def opt_metrics_from(self, network: str) -> None:
        """Give them to this network or address as well, such as 192.0.2.0/24; may be given again."""
        try:
            self.metrics_from.append(ipaddress.ip_network(network))
        except ValueError:
            raise usage.UsageError(f"--metrics-from: {network!r} is not a network") from None

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Parse and check. What is wrong ends the process with one line on standard error and exit code 1."""
        try:
            super().parseOptions(options)  # type: ignore[no-untyped-call]
        except usage.UsageError as error:
            # twistd itself would print the whole help, and all of it on standard output.
            raise SystemExit(f"twistd lanchat: {error} (see twistd lanchat --help)") from None

    def postOptions(self) -> None:
        from twisted.internet import reactor

        numbers: dict[str, Any] = {}
        for limit in each_limit():
            name = option_name(limit)
            try:
                numbers[limit.name] = limit_from(limit, str(self[name]))
            except ValueError as error:
                raise usage.UsageError(f"--{name}: {error}") from None
        self.limits = Limits(**numbers)
        if conflict := conflict_in(self.limits):
            raise usage.UsageError(conflict)
        self["name"] = _name(self["name"])
        self.motd = motd_from(self["motd"])
        # Absolute, as it is read again later, and twistd may go to another directory.
        self["motd"] = self["motd"] and str(Path(self["motd"]).absolute())
        if self.listens and (self["port"] is not None or self["interface"] is not None):
            raise usage.UsageError("--listen takes the place of --port and --interface")
        try:
            self.state_dir = Path(self["state-dir"] or default_state_dir(os.environ)).absolute()
        except StateError as error:
            raise usage.UsageError(str(error)) from None
        if self["advertise"] is not None:
            try:
                self.advertise = hosts.address_from(self["advertise"])
            except ValueError as error:
                raise usage.UsageError(f"--advertise: {error}") from None
        if self["tls-cert"] is not None:
            # Absolute, as it is read again and twistd may go to another directory.
            self.tls_cert = Path(self["tls-cert"]).absolute()
        if self.web_hosts and self["no-web"]:
            raise usage.UsageError("--web-host is for the page, which --no-web leaves out")
        self._check_shared_port()
        self._check_broker()
        self._check_metrics()
        self._check_accounts()
        self._check_admin()
        if self.listens:
            self.endpoints = [(listen, _endpoint(reactor, listen)) for listen in self.listens]
        else:
            port = _port("port", self["port"])
            interface = _interface("interface", self["interface"]) or _all_interfaces()
            shared = bool(self["reuse-port"])
            self.places.append((f"on port {port}", interface, port, shared))
            self.endpoints = [(f"port {port}", _tcp(reactor, port, interface, shared))]

    def _check_shared_port(self) -> None:
        if not self["reuse-port"]:
            return
        if self.listens:
            raise usage.UsageError("--reuse-port is for --port, and not for --listen")
        if _port("port", self["port"]) == 0:
            raise usage.UsageError("--reuse-port needs a --port that all of them are given")
        if self.tls_cert is None:
            raise usage.UsageError("--reuse-port needs --tls-cert: all of them have to show the same key")

    def _check_broker(self) -> None:
        login = self["broker-login"]
        if self["broker"] is None:
            if login is not None:
                raise usage.UsageError("--broker-login is for the broker, which --broker names")
            for name in ("advertise", "reuse-port"):
                if self[name]:
                    raise usage.UsageError(f"--{name} is for several daemons that are one chat by --broker")
            return
        if self["no-history"]:
            raise usage.UsageError("--broker keeps what is said: --no-history is for one daemon alone")
        if find_spec("nats") is None:
            raise usage.UsageError("--broker needs more: pip install 'lanchatd[broker]'")
        try:
            self.broker = address_from(self["broker"], None if login is None else Path(login).absolute())
        except ValueError as error:
            raise usage.UsageError(f"--broker: {error}") from None
        except StateError as error:
            raise usage.UsageError(f"--broker-login: {error}") from None

    def _check_metrics(self) -> None:
        self["metrics"] = bool(self["metrics"] or self.metrics_from)
        if not self["metrics"]:
            return
        if self["no-web"]:
            raise usage.UsageError("--metrics are beside the page, which --no-web leaves out")
        if find_spec("prometheus_client") is None:
            raise usage.UsageError("--metrics needs more: pip install 'lanchatd[metrics]'")

    def _check_accounts(self) -> None:
        for name, choices in (("accounts", (OPEN, INVITE, OFF)), ("guests", ("yes", "no"))):
            if self[name] not in choices:
                *first, last = choices
                raise usage.UsageError(f"--{name}: {self[name]!r} is not {', '.join(first)} or {last}")
        if self["accounts"] == OPEN and self["guests"] == "no":
            text = "--guests no lets in only who was invited: it needs --accounts invite, or off"
            raise usage.UsageError(text)

    def _check_admin(self) -> None:
        """The console is there with a port and a file of keys, or not at all."""
        others = [
            name for name in ("admin-interface", "admin-keys", "manhole-keys") if self[name] is not None
        ]
        if self["admin-port"] is None:
            if others:
                raise usage.UsageError(f"--{others[0]} is for the console, which --admin-port opens")
            return
        self["admin-port"] = _port("admin-port", self["admin-port"])
        self["admin-interface"] = _interface("admin-interface", self["admin-interface"]) or LOOPBACK
        where = f"for administrators on {self['admin-interface']} port {self['admin-port']}"
        self.places.append((where, self["admin-interface"], self["admin-port"], False))
        if self["admin-keys"] is None:
            raise usage.UsageError("--admin-port needs --admin-keys, a file with your SSH public key")
        try:
            from lanchatd.ssh.authorized_keys import AuthorizedKeys
        except ImportError:
            raise usage.UsageError("--admin-port needs more: pip install 'lanchatd[admin]'") from None
        for name in ("admin-keys", "manhole-keys"):
            if self[name] is not None:
                self[name] = Path(self[name]).absolute()
                try:
                    AuthorizedKeys(self[name]).check()
                except StateError as error:
                    raise usage.UsageError(f"--{name}: {error}") from None


def _port(option: str, text: str | None) -> int:
    if text is None:
        return PORT
    if not (text.isascii() and text.isdigit() and int(text[:6]) <= hosts.LARGEST_PORT):
        raise usage.UsageError(f"--{option}: {text!r} is not a port from 0 to 65535")
    return int(text)


def _interface(option: str, text: str | None) -> str:
    if text is None:
        return ""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise usage.UsageError(f"--{option}: {text!r} is not an IP address") from None


def _tcp(reactor: Any, port: int, interface: str, shared: bool) -> IStreamServerEndpoint:
    if shared:
        return SharedPort(reactor, port, BACKLOG, interface)
    kind = TCP6ServerEndpoint if ":" in interface else TCP4ServerEndpoint
    endpoint: IStreamServerEndpoint = kind(reactor, port, backlog=BACKLOG, interface=interface)
    return endpoint


def _all_interfaces() -> str:
    """Of both kinds, if a socket can be bound to all of both."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::", 0))
            return "0.0.0.0" if probe.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) else "::"  # noqa: S104
    except OSError:
        return "0.0.0.0"  # noqa: S104


def _endpoint(reactor: Any, text: str) -> IStreamServerEndpoint:
    try:
        endpoint: IStreamServerEndpoint = serverFromString(TakingAllClients(reactor), text)
    except LookupError:
        raise usage.UsageError(f"--listen: {text!r}: no such socket was handed to the daemon") from None
    except Exception as error:
        raise usage.UsageError(f"--listen: {text!r}: {error}") from None
    if isinstance(endpoint, StandardIOEndpoint):
        raise usage.UsageError(f"--listen: {text!r}: nobody can connect to it")
    return endpoint


def _name(text: str | None) -> str:
    try:
        name = cleaning.clean(socket.gethostname() if text is None else text).strip()
    except Refused as refused:
        raise usage.UsageError(f"--name: {refused.text}") from None
    if not 1 <= len(name) <= LONGEST_NAME:
        raise usage.UsageError(f"--name: a name has 1 to {LONGEST_NAME} characters")
    return name


def motd_from(path: str | None) -> tuple[str, ...]:
    """The lines of the file, clean; none without one. Raises `usage.UsageError`."""
    if path is None:
        return ()
    try:
        encoded, _ = read_file(Path(path), LONGEST_MOTD)
    except OSError as error:
        raise usage.UsageError(f"--motd: {path}: {error.strerror}") from None
    except StateError as error:
        raise usage.UsageError(f"--motd: {error}") from None
    try:
        return tuple(cleaning.clean(line).rstrip() for line in cleaning.decode(encoded).splitlines())
    except Refused as refused:
        raise usage.UsageError(f"--motd: {path}: {refused.text}") from None
