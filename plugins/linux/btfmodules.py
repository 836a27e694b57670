# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""linux.btfmodules: loaded modules with what modinfo(8) tells of them, and where their parts lie."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from volatility3.framework import interfaces, renderers
from volatility3.framework.configuration import requirements
from volatility3.framework.renderers import format_hints
from volatility3.framework.symbols.linux.utilities import modules

from volatility3_btf.vol.commands.cells import hexadecimal, kernel_string, member, read
from volatility3_btf.vol.commands.wants import the_kernel

STATES: Final = ("live", "coming", "going", "unformed")
"""`enum module_state` (include/linux/module.h)."""

MOST_PARAMETERS: Final = 512
"""Parameters of a module that are shown."""

LAYOUTS: Final = (("", "core_layout"), ("init_", "init_layout"))
"""Where kernels before 6.4 keep a module's places (`struct module_layout`)."""

PARTS: Final = (
    ("text", "text_size"),
    ("rodata", "ro_size"),
    ("ro_after_init", "ro_after_init_size"),
    ("data", "size"),
)
"""What follows each other in such a place, and the member that tells where it ends."""

COLUMNS = [
    ("Offset", format_hints.Hex),
    ("Name", str),
    ("State", str),
    ("Version", str),
    ("Source version", str),
    ("Taints", format_hints.Hex),
    ("GPL only", bool),
    ("Parameters", str),
    ("Part", str),
    ("Start", format_hints.Hex),
    ("Size", int),
]


class BtfModules(interfaces.plugins.PluginInterface):
    """Lists loaded modules with state, versions, parameters, taints, a row for each part of their memory."""

    _required_framework_version = (2, 0, 0)
    _version = (1, 0, 0)

    @classmethod
    def get_requirements(cls) -> list[interfaces.configuration.RequirementInterface]:
        """What the user may say."""
        return [
            the_kernel(),
            requirements.VersionRequirement(
                name="linux_utilities_modules", component=modules.Modules, version=(3, 0, 0)
            ),
        ]

    def run(self) -> renderers.TreeGrid:
        """A row for each part of each module, in the order of the kernel's list."""
        return renderers.TreeGrid(COLUMNS, self._generator())

    def _generator(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        for module in modules.Modules.list_modules(self.context, self.config["kernel"]):
            about = _about(module)
            for part in _parts(module):
                yield 0, (*about, *part)


def _about(module: Any) -> tuple[Any, ...]:
    state = read(lambda: int(module.state))
    known = isinstance(state, int) and 0 <= state < len(STATES)
    uses_gpl = member(module, "using_gplonly_symbols")
    return (
        format_hints.Hex(module.vol.offset),
        read(module.get_name) or renderers.UnreadableValue(),
        STATES[state] if known else renderers.UnparsableValue(),
        kernel_string(member(module, "version")),
        kernel_string(member(module, "srcversion")),
        read(lambda: format_hints.Hex(module.taints)),
        bool(uses_gpl) if isinstance(uses_gpl, int) else uses_gpl,
        _parameters(module),
    )


def _parameters(module: Any) -> Any:
    """Names with permissions: `debug (0o644), ports (0o444)`."""
    count = member(module, "num_kp")
    if not isinstance(count, int):
        return count
    if not count:
        return renderers.NotApplicableValue()

    def told() -> str:
        found = _first_parameters(module, min(int(count), MOST_PARAMETERS))
        return ", ".join(f"{kernel_string(each.name)} ({int(each.perm):#o})" for each in found)

    return read(told)


def _first_parameters(module: Any, count: int) -> list[Any]:
    """The first of a module's `struct kernel_param`."""
    first = module.kp
    size = first.dereference().vol.size
    make = module._context.object
    name = module.get_symbol_table_name() + "!kernel_param"
    return [
        make(name, layer_name=module.vol.layer_name, offset=int(first) + at * size) for at in range(count)
    ]


def _parts(module: Any) -> Iterator[tuple[Any, Any, Any]]:
    """What each part is, where it starts and how many bytes it has; a part that was given back starts at 0.

    Since 6.4 each `enum mod_mem_type` has a place of its own; before, they follow each other in two places.
    """
    if module.has_member("mem"):
        for name, number in sorted(module.mod_mem_type.items(), key=lambda item: int(item[1])):
            if name.startswith("MOD_") and 0 <= number < module.mem.count:
                base, size = member(module.mem[number], "base"), member(module.mem[number], "size")
                yield name.removeprefix("MOD_").lower(), hexadecimal(base), _integer(size)
        return
    for prefix, layout in LAYOUTS:
        base = member(module, layout, "base")
        ends = [_integer(member(module, layout, name)) for _, name in PARTS]
        if not all(isinstance(each, int) for each in (base, *ends)):
            yield prefix + "text", hexadecimal(base), ends[-1]
            continue
        for (name, _), start, end in zip(PARTS, [0, *ends], ends, strict=False):
            yield prefix + name, format_hints.Hex(int(base) + start if base else 0), max(0, end - start)


def _integer(value: Any) -> Any:
    return int(value) if isinstance(value, int) else value
