# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What several plugins of ours want."""

from __future__ import annotations

from typing import TypeAlias

from volatility3.framework import interfaces
from volatility3.framework.configuration import requirements
from volatility3.framework.constants import architectures
from volatility3.plugins.linux import pslist

Requirement: TypeAlias = interfaces.configuration.RequirementInterface


def the_kernel() -> Requirement:
    """A Linux kernel, as `kernel`."""
    return requirements.ModuleRequirement(
        name="kernel", description="Linux kernel", architectures=architectures.LINUX_ARCHS
    )


def its_tasks() -> Requirement:
    """Volatility's list of processes."""
    return requirements.VersionRequirement(name="pslist", component=pslist.PsList, version=(4, 0, 0))


def some_pids() -> Requirement:
    """The option `--pid`."""
    return requirements.ListRequirement(
        name="pid", description="Only these processes", element_type=int, optional=True
    )
