# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What a plugin of the framework leaves out of some kernels' memory without a word, told before it runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Final

from volatility3.framework import exceptions, interfaces

_SOCKSCAN: Final = ("volatility3.plugins.linux.sockscan", "Sockscan", "_find_sk_destruct_needles")

_KNOWN: Final = "inet_sock_destruct"
"""What `sk_destruct` of all others over IPv4 leads to (net/ipv4/af_inet.c)."""

_ENDS: Final = {
    "inet6_sock_destruct": "of IPv6",
    "tcp4_destruct_sock": "of TCP over IPv4",
    "tcp6_destruct_sock": "of TCP over IPv6",
    "udp_destruct_sock": "of UDP over IPv4",
    "udpv6_destruct_sock": "of UDP over IPv6",
}
"""Functions that `sk_destruct` of a socket leads to, and which sockets (net/ipv6/af_inet6.c,
net/ipv4/tcp_ipv4.c, net/ipv6/tcp_ipv6.c, net/ipv4/udp.c, net/ipv6/udp.c)."""


def left_out(wanted: str, table: interfaces.symbols.SymbolTableInterface) -> str:
    """One line about what a plugin leaves out; empty if nothing is known.

    `linux.sockscan` looks for pointers to the functions that end a socket. Which it knows, its code tells.

    Args:
        wanted: the name of the plugin's class.
        table: the kernel's symbols.
    """
    name, plugin, method = _SOCKSCAN
    known = getattr(getattr(sys.modules.get(name), plugin, None), method, None)
    if wanted != plugin:
        return ""
    words = set(_strings(getattr(getattr(known, "__code__", None), "co_consts", ())))
    unknown = [end for end in _ENDS if end not in words and _has(table, end)]
    if not unknown or _KNOWN not in words:
        return ""
    what = ", ".join(_ENDS[end] for end in unknown)
    return (
        f"linux.sockscan looks for the functions that end a socket, and does not know this kernel's "
        f"{', '.join(unknown)}: sockets {what} are missing, but for one that a file leads to. "
        f"linux.sockstat shows those that processes hold"
    )


def _has(table: interfaces.symbols.SymbolTableInterface, symbol: str) -> bool:
    try:
        table.get_symbol(symbol)
    except exceptions.SymbolError:
        return False
    return True


def _strings(constants: tuple[Any, ...]) -> Iterator[str]:
    """The strings among constants, and in tuples of them."""
    for each in constants:
        if isinstance(each, tuple):
            yield from _strings(each)
        elif isinstance(each, str):
            yield each
