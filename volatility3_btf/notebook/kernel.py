# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The kernel of an image in a notebook: what is known of it, and its types as C."""

from __future__ import annotations

import difflib
import html
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..btf.views.text import render

if TYPE_CHECKING:
    from ..btf.composites import Member
    from ..kernel import Kernel
    from ..kernel.symbols import Symbols


class TypeInC:
    """A type that shows itself as C, with offsets, sizes and holes in bytes.

    All else is the type's own: `size`, `members`, `["comm"].offset`.
    """

    def __init__(self, found: Any) -> None:
        self.type = found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.type, name)

    def __getitem__(self, member: str) -> Member:
        found: Member = self.type[member]
        return found

    def __repr__(self) -> str:
        return render(self.type)

    def _repr_html_(self) -> str:
        return f'<pre class="tex2jax_ignore mathjax_ignore">{html.escape(render(self.type))}</pre>'


class TypesInC:
    """The kernel's types by name."""

    def __init__(self, kernel: Kernel) -> None:
        self._types = kernel.blob.types

    def __getitem__(self, name: str) -> TypeInC:
        try:
            return TypeInC(self._types[name])
        except KeyError:
            close = difflib.get_close_matches(name, list(self), 3)
            hint = f"; did you mean {', '.join(close)}?" if close else ""
            raise KeyError(f"the kernel has no type {name!r}{hint}") from None

    def __contains__(self, name: str) -> bool:
        return bool(self._types.ids_named(name))

    def __len__(self) -> int:
        return len(self._types)

    def __iter__(self) -> Iterator[str]:
        """The names of structures, unions, enumerations and typedefs, each once, in order of name."""
        from ..btf import Kind

        kinds = (Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.ENUM64, Kind.TYPEDEF)
        ids = self._types.ids_of_kind(*kinds).tolist()
        return iter(sorted({self._types.by_id(each).name for each in ids} - {""}))

    def __repr__(self) -> str:
        return f'<{len(self)} types; types["task_struct"] is one of them>'


class KernelInNotebook:
    """The kernel that plugins get.

    Attributes:
        found: everything that was found of it (`volatility3_btf.kernel.Kernel`).
        types: its types, which a notebook shows as C.
    """

    def __init__(self, found: Kernel) -> None:
        self.found = found
        self.types = TypesInC(found)

    @property
    def release(self) -> str:
        """As uname(1) prints it; empty if it is not known."""
        return self.found.release or ""

    @property
    def architecture(self) -> str:
        """x86-64, arm64, …; empty if it is not known."""
        return self.found.architecture or ""

    @property
    def state(self) -> str:
        """How far types and addresses can be trusted: exact, unchecked, partial, types only."""
        return self.found.state

    @property
    def life(self) -> str:
        """Whether it was running: running, likely, unknown, ended."""
        return self.found.life

    @property
    def evidence(self) -> Sequence[str]:
        """What agreed, a sentence each."""
        return self.found.evidence

    @property
    def doubts(self) -> Sequence[str]:
        """What did not agree, what is missing and what was inferred, a sentence each."""
        return self.found.doubts

    @property
    def symbols(self) -> Symbols | None:
        """What kallsyms lists, at run-time addresses; None if it could not be read."""
        return self.found.symbols

    def facts(self) -> dict[str, str]:
        """What is shown of it, by name."""
        found, shown = self.found, {}
        shown["Linux"] = self.release or "unknown"
        shown["architecture"] = self.architecture or "unknown"
        shown["state"] = found.state
        shown["life"] = found.life
        shown["BTF"] = f"at {found.blob.offset:#x}, {found.blob.size} bytes, {found.blob.sha256}"
        shown["symbols"] = "none" if found.symbols is None else f"{len(found.symbols)}"
        shown["KASLR shift"] = "unknown" if found.kaslr_shift is None else f"{found.kaslr_shift:#x}"
        return shown

    def __repr__(self) -> str:
        return f"<Linux {self.release or 'of unknown release'}, {self.architecture}, {self.state}>"

    def _repr_html_(self) -> str:
        rows = list(self.facts().items())
        rows += [("evidence", each) for each in self.evidence] + [("doubt", each) for each in self.doubts]
        return as_table(rows)


def as_table(rows: Sequence[tuple[str, str]]) -> str:
    """Names and values as a small HTML table; nothing of them is taken for markup."""
    lines, last = [], ""
    for name, value in rows:
        head = "" if name == last else html.escape(name)
        lines.append(f'<tr><th style="text-align:left">{head}</th><td style="text-align:left">')
        lines.append(f"{html.escape(value)}</td></tr>")
        last = name
    return f'<table class="tex2jax_ignore mathjax_ignore">{"".join(lines)}</table>'
