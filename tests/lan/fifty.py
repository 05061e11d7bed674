"""Announces many daemons from one machine: its address, and the numbers that are names and ports."""

import asyncio
import sys
from ipaddress import ip_interface

from lanchatd.lan import mdns
from lanchatd.lan.announcement import Announcement
from lanchatd.lan.announcing import _info
from lanchatd.lan.interfaces import Own


async def main() -> None:
    address, *numbers = sys.argv[1:]
    zeroconf = mdns.open_on([Own("eth0", ip_interface(f"{address}/24"))])
    told = [
        await zeroconf.async_register_service(
            _info(
                Announcement(
                    f"chat {number}", f"lanchat-{number}", int(number), (address,), "", "", False, True, 0
                ),
                f"chat {number}._lanchat._tcp.local.",
            )
        )
        for number in numbers
    ]
    await asyncio.gather(*told)
    print("announced", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await zeroconf.async_close()


asyncio.run(main())
