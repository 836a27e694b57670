# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""`struct inet_sock`: the other side of IPv6 connections, and ports of big-endian kernels.

`ipv6_pinfo` has a `daddr` again (7.0 and later; commit 03ff0cb1a926), which shares its room with another
address and is used while a route is looked up. The framework takes it for what had this name before 3.13: the
address of the other side, which has been `skc_v6_daddr` since.

Ports lie in memory as on the wire, big-endian. The framework takes them for numbers of a little-endian
kernel, swaps their bytes, and takes the wrong half of a pair.
"""

from __future__ import annotations

import socket
from typing import Any

from volatility3.framework import exceptions
from volatility3.framework.symbols.linux.extensions import network

_BYTES = 16


class InetSock(network.inet_sock):
    """A socket of IPv4 or IPv6."""

    def get_dst_addr(self) -> str | None:
        """The address of the other side as text; None if it cannot be read, or has none."""
        common = getattr(self.sk, "__sk_common")
        if common.skc_family != socket.AF_INET6:
            found: str | None = super().get_dst_addr()
            return found
        layer = self._context.layers[self.vol.layer_name]
        try:
            return socket.inet_ntop(socket.AF_INET6, layer.read(common.skc_v6_daddr.vol.offset, _BYTES))
        except exceptions.InvalidAddressException:
            return None

    def get_src_port(self) -> int | None:
        """The port of this side; None if it cannot be read, or has none."""
        return self._port(self.inet_sport) if self.has_member("inet_sport") else super().get_src_port()

    def get_dst_port(self) -> int | None:
        """The port of the other side; None if it cannot be read, or has none."""
        common = getattr(self.sk, "__sk_common")
        return self._port(common.skc_dport) if common.has_member("skc_dport") else super().get_dst_port()

    def _port(self, member: Any) -> int | None:
        layer = self._context.layers[self.vol.layer_name]
        try:
            return int.from_bytes(layer.read(member.vol.offset, 2), "big")
        except exceptions.InvalidAddressException:
            return None
