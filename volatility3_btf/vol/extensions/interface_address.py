# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""`struct in_ifaddr`, `struct inet6_ifaddr`: addresses of network interfaces of big-endian kernels.

Addresses lie in memory as on the wire. The framework takes them for numbers of a little-endian kernel, and
reverses their bytes.
"""

from __future__ import annotations

import socket
from typing import Any

from volatility3.framework.symbols.linux.extensions import network


class InIfaddr(network.in_ifaddr):
    """An IPv4 address of an interface."""

    def get_address(self) -> str:
        """The address as text."""
        return _as_text(socket.AF_INET, self.ifa_address)


class Inet6Ifaddr(network.inet6_ifaddr):
    """An IPv6 address of an interface."""

    def get_address(self) -> str:
        """The address as text."""
        return _as_text(socket.AF_INET6, self.addr)


def _as_text(family: int, member: Any) -> str:
    layer = member._context.layers[member.vol.layer_name]
    length = 16 if family == socket.AF_INET6 else 4
    return socket.inet_ntop(family, layer.read(member.vol.offset, length))
