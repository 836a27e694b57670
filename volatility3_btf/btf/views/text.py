# SPDX-License-Identifier: Apache-2.0
"""A type as C, with the offset and size of every member and the holes between them."""

from collections.abc import Iterator
from typing import Final

from ..budget import FIELD, Budget
from ..composites import Composite, Member
from ..declarators import Declarer, spell, tag_of
from ..format.errors import BtfError
from ..format.kinds import Kind
from ..nodes import Datasec, Enum, Fwd
from ..spelling import comment, printable
from ..type_space import Reference, Type
from .layout import Field, Layout, lay_out
from .members import Nested, body_of, body_under_name, declared_from, points_away
from .table_rows import kind_text

INDENT: Final = "    "
_COLUMN: Final = 56
"""Where the comments with the offsets start."""
_LEFT_OUT: Final = "/* left out: there is more than can be shown at once */"


def render(found: Type, budget: Budget | None = None) -> str:
    """The type as C text, without a final newline.

    Structs and unions show, for each member, `/* offset size */` in bytes, and for bitfields
    `/* offset: position size */`, the position in bits from the start of the storage unit; holes
    and padding are lines of their own. What is damaged in a type is a comment that says so.

    Args:
        found: the type.
        budget: how much the answer may show, if several texts share one. What exceeds it is a comment, too.
    """
    budget = budget or Budget()
    try:
        return "\n".join(_within(_lines(found, budget), budget))
    except BtfError as error:
        return f"/* {printable(str(error))} */"


def prototype(function: Type, budget: Budget | None = None) -> str:
    """A FUNC as a C prototype, `int commit_creds(struct cred *new)`; BtfError when it is damaged."""
    if not isinstance(function, Reference):
        raise BtfError(f"type {function.id} is not a function")
    declarer = Declarer(function.types, tags=True, budget=budget)
    return declarer.declare(function.type_id, printable(function.name))


def _within(lines: Iterator[str], budget: Budget) -> Iterator[str]:
    for line in lines:
        if not budget.take_text(line):
            yield _LEFT_OUT
            return
        yield line


def _lines(found: Type, budget: Budget) -> Iterator[str]:
    if isinstance(found, Composite):
        yield from _composite(found, f"{spell(found.types, found.id)} {{", "};", budget)
    elif isinstance(found, Enum):
        name = printable(found.name)
        yield f"enum {name} {{" if name else "enum {"
        yield from _enumerators(found, INDENT, budget)
        yield f"}}; /* size: {found.size}, {'signed' if found.is_signed else 'unsigned'} */"
    elif isinstance(found, Datasec):
        yield f"/* section {printable(found.name)}, {found.size} bytes */"
        for entry in found.entries if budget.take(FIELD * found.types.vlen_of(found.id)) else ():
            yield f"{prototype(entry.type, budget) + ';':<{_COLUMN}} /* {entry.offset:5} {entry.size:5} */"
    elif found.kind in (Kind.FUNC, Kind.VAR):
        yield f"{prototype(found, budget)};"
    elif found.kind is Kind.TYPEDEF:
        yield from _typedef(found, budget)
    elif isinstance(found, Fwd):
        yield f"{spell(found.types, found.id)};"
    else:
        yield f"{Declarer(found.types, tags=True, budget=budget).declare(found.id)};"


def _typedef(found: Type, budget: Budget) -> Iterator[str]:
    target = found.types.by_id(found.types.word_of(found.id))
    name = printable(found.name)
    body = body_under_name(found)
    if body is not None:
        yield from _composite(body, f"typedef {kind_text(body)} {{", f"}} {name};", budget)
    elif isinstance(target, Enum) and not target.name:
        yield "typedef enum {"
        yield from _enumerators(target, INDENT, budget)
        yield f"}} {name}; /* size: {target.size} */"
    else:
        yield f"typedef {Declarer(found.types, tags=True, budget=budget).declare(target.id, name)};"


def _enumerators(found: Enum, indent: str, budget: Budget) -> Iterator[str]:
    if not budget.take(FIELD * found.types.vlen_of(found.id)):
        yield indent + _LEFT_OUT
        return
    for name, value in found.values:
        yield f"{indent}{printable(name)} = {value},"


def _composite(composite: Composite, opening: str, closing: str, budget: Budget) -> Iterator[str]:
    yield opening
    nested = Nested(composite, budget)
    if not nested.is_open:
        yield from (INDENT + _LEFT_OUT, closing)
        return
    layout = lay_out(composite)
    yield from _fields(layout, nested, INDENT)
    yield ""
    yield f"{INDENT}/* {_summary(layout)} */"
    yield closing


def _fields(layout: Layout, nested: Nested, indent: str) -> Iterator[str]:
    for field in layout.fields:
        yield from _gap(field.bit_hole, field.hole, indent)
        with nested.enter(body_of(field.member)) as inner:
            body = _inner(field, inner, nested, indent)
            before, after = _around(field.member, inner, nested.budget)
            if inner is None and not _is_unnamed_enum(field.member):
                yield _placed(f"{indent}{before}{after};", field)
            else:
                yield f"{indent}{before} {{"
                yield from body
                yield _placed(f"{indent}}}{after};", field)
    yield from _gap(layout.bit_padding, layout.padding, indent, "padding")


def _inner(field: Field, inner: Composite | None, nested: Nested, indent: str) -> Iterator[str]:
    if inner is not None:
        shift = 0 if points_away(field.member) else field.offset
        yield from _fields(lay_out(inner, shift), nested, indent + INDENT)
    else:
        enum = field.member.types.by_id(declared_from(field.member))
        if isinstance(enum, Enum):
            yield from _enumerators(enum, indent + INDENT, nested.budget)


def _is_unnamed_enum(member: Member) -> bool:
    found = member.types.by_id(declared_from(member))
    return isinstance(found, Enum) and not found.name


def _around(member: Member, inner: Composite | None, budget: Budget) -> tuple[str, str]:
    """The declaration of a member, cut where the body of its type goes if that is written out."""
    types = member.types
    cut = inner is not None or _is_unnamed_enum(member)

    def spelled(type_id: int) -> str:
        return f"{tag_of(types, type_id)}\0" if cut else spell(types, type_id)

    try:
        declarer = Declarer(types, spelled, tags=True, budget=budget)
        text = declarer.declare(member.type_id, printable(member.name))
    except BtfError as error:
        text = f"/* {comment(str(error))} */ {printable(member.name)}"
    if member.bit_size:
        text += f":{member.bit_size}"
    before, _, after = text.partition("\0")
    return before, after


def _placed(text: str, field: Field) -> str:
    offset = f"{field.offset:5}"
    if field.bit_position is None:
        return f"{text:<{_COLUMN}} /* {offset} {field.size:5} */"
    return f"{text:<{_COLUMN}} /* {offset}:{field.bit_position:2} {field.size:2} */"


def _gap(bits: int, size: int, indent: str, what: str = "hole") -> Iterator[str]:
    if bits:
        yield f"{indent}/* {bits} bit{'s' if bits != 1 else ''} {what} */"
    if size:
        yield f"{indent}/* {size} byte{'s' if size != 1 else ''} {what} */"


def _summary(layout: Layout) -> str:
    parts = [f"size: {layout.composite.size}", f"members: {len(layout.fields)}"]
    if layout.holes:
        parts.append(f"holes: {layout.holes} ({layout.hole_bytes} bytes)")
    if layout.padding:
        parts.append(f"padding: {layout.padding}")
    if layout.bit_padding:
        parts.append(f"bit padding: {layout.bit_padding}")
    return ", ".join(parts)
