# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What a situation is: how its image is made, what is asked of it, and what is right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dumpmaker.cache import Dump
from support.overlay import Overlay
from support.pluginruns import guest_processes, make_isf, processes, stable
from support.volrunner import Result, Vol
from volatility3_btf import open_memory
from volatility3_btf.kernel import Kernel, identify_kernels

GetDump = Callable[[str], Dump]
PSLIST = ("linux.pslist",)


@dataclass
class Shared:
    """What several situations use, made once.

    Attributes:
        dump: gives a dump by its name.
        folder: where such things lie.
    """

    dump: GetDump
    folder: Path
    _kernels: dict[str, list[Kernel]] = field(default_factory=dict)
    _isfs: dict[str, Path] = field(default_factory=dict)

    def kernels(self, name: str) -> list[Kernel]:
        """The kernels with symbols in a dump, the running one first."""
        if name not in self._kernels:
            found = identify_kernels(open_memory(self.dump(name).raw))
            self._kernels[name] = [kernel for kernel in found if kernel.symbols is not None]
        return self._kernels[name]

    def isf(self, name: str) -> Path:
        """A symbol file of a dump's only kernel."""
        if name not in self._isfs:
            self._isfs[name] = make_isf(Vol(self.folder / f"isf of {name}"), self.dump(name))
        return self._isfs[name]


@dataclass(frozen=True)
class Bench:
    """Where one situation is made and tried; nothing in it is another one's.

    Attributes:
        shared: what is made once.
        folder: an empty folder.
        vol: the command, with nothing cached.
    """

    shared: Shared
    folder: Path
    vol: Vol

    def dump(self, name: str) -> Dump:
        """A dump; its files stay as they are."""
        return self.shared.dump(name)

    def kernel(self, name: str) -> Kernel:
        """The kernel that runs in a dump."""
        return self.shared.kernels(name)[0]

    @property
    def image(self) -> Path:
        """Where an image goes."""
        return self.folder / "memory.raw"

    def overlay(self, name: str) -> Overlay:
        """A dump, to be changed and saved."""
        return Overlay(self.dump(name).raw)

    def saved(self, overlay: Overlay) -> Path:
        """The changed image as a file."""
        overlay.save(self.image)
        return self.image


@dataclass(frozen=True)
class Case:
    """An image and the question.

    Attributes:
        image: the image.
        guest: whose processes are right.
        options: of `vol`, before the plugin.
        words: the plugin and its arguments.
        right: whether rows are what the guest had; its processes where None.
    """

    image: Path
    guest: Dump
    options: Sequence[str | Path] = ()
    words: Sequence[str] = PSLIST
    right: Callable[[Result], bool] | None = None

    def is_right(self, result: Result) -> bool:
        """Whether what was printed is what the guest had."""
        if self.right is not None:
            return self.right(result)
        return stable(processes(result)) == stable(guest_processes(self.guest.truth))


@dataclass(frozen=True)
class Situation:
    """A row of the table.

    Attributes:
        group: what kind it is of.
        name: what has happened to the image.
        make: makes it.
        is_cheap: whether it takes a second or two, and no dump but the small ones.
    """

    group: str
    name: str
    make: Callable[[Bench], Case] = field(repr=False)
    is_cheap: bool = False
