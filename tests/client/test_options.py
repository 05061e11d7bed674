"""What `lanchat-client` is asked for on its command line."""

from __future__ import annotations

import pytest

from lanchatd.client.options import parse


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        ([], ("127.0.0.1", 8000, True)),
        (["chat.local"], ("chat.local", 8000, True)),
        (["chat.local", "9000"], ("chat.local", 9000, False)),
        (["chat.local:9000"], ("chat.local", 9000, False)),
        (["[::1]:9000"], ("::1", 9000, False)),
        (["::1"], ("::1", 8000, True)),
        (["fe80::1%eth0"], ("fe80::1%eth0", 8000, True)),
    ],
)
def test_a_port_may_stand_behind_the_host(arguments: list[str], where: tuple[str, int, bool]) -> None:
    """As in every other program."""
    options = parse(arguments)
    assert (options.host, options.port, options.every_port) == where


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["chat.local:0"], "argument HOST: '0' is not a port from 1 to 65535"),
        (["chat.local:9000", "9000"], "argument PORT: HOST has one already"),
        (["a b:9000"], "argument HOST: 'a b' is not a host"),
        (["[::1"], "argument HOST: '[::1' is not a host"),
    ],
)
def test_a_wrong_one_is_one_line(arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And exit code 2."""
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(why)
