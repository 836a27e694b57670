# SPDX-License-Identifier: Apache-2.0
"""A type as C, with the offset and size of every member and the holes between them."""

from collections.abc import Iterator
from typing import Final

from .declare import Declarer, spell, tag_of
from .errors import BtfError
from .kinds import Kind
from .layout import Field, Layout, lay_out
from .nesting import Nested, body_of, declared_from, points_away
from .nodes import Composite, Datasec, Enum, Fwd, Member, Reference, Type
from .rows import kind_text
from .spelling import comment, printable

INDENT: Final = "    "
_COLUMN: Final = 56
"""Where the comments with the offsets start."""


def render(found: Type) -> str:
    """The type as C text, without a final newline.

    Structs and unions show, for each member, `/* offset size */` in bytes, and for bitfields
    `/* offset: position size */`, the position in bits from the start of the storage unit; holes
    and padding are lines of their own. What is damaged in a type is a comment that says so.
    """
    try:
        return "\n".join(_lines(found))
    except BtfError as error:
        return f"/* {printable(str(error))} */"


def prototype(function: Type) -> str:
    """A FUNC as a C prototype, `int commit_creds(struct cred *new)`; BtfError when it is damaged."""
    if not isinstance(function, Reference):
        raise BtfError(f"type {function.id} is not a function")
    return Declarer(function.types, tags=True).declare(function.type_id, printable(function.name))


def _lines(found: Type) -> Iterator[str]:
    if isinstance(found, Composite):
        yield from _composite(found, f"{spell(found.types, found.id)} {{", "};")
    elif isinstance(found, Enum):
        name = printable(found.name)
        yield f"enum {name} {{" if name else "enum {"
        yield from _enumerators(found, INDENT)
        yield f"}}; /* size: {found.size}, {'signed' if found.is_signed else 'unsigned'} */"
    elif isinstance(found, Datasec):
        yield f"/* section {printable(found.name)}, {found.size} bytes */"
        for entry in found.entries:
            yield f"{prototype(entry.type) + ';':<{_COLUMN}} /* {entry.offset:5} {entry.size:5} */"
    elif found.kind in (Kind.FUNC, Kind.VAR):
        yield f"{prototype(found)};"
    elif found.kind is Kind.TYPEDEF:
        yield from _typedef(found)
    elif isinstance(found, Fwd):
        yield f"{spell(found.types, found.id)};"
    else:
        yield f"{Declarer(found.types, tags=True).declare(found.id)};"


def _typedef(found: Type) -> Iterator[str]:
    target = found.types.by_id(found.types.word_of(found.id))
    name = printable(found.name)
    if isinstance(target, Composite) and not target.name:
        yield from _composite(target, f"typedef {kind_text(target)} {{", f"}} {name};")
    elif isinstance(target, Enum) and not target.name:
        yield "typedef enum {"
        yield from _enumerators(target, INDENT)
        yield f"}} {name}; /* size: {target.size} */"
    else:
        yield f"typedef {Declarer(found.types, tags=True).declare(target.id, name)};"


def _enumerators(found: Enum, indent: str) -> Iterator[str]:
    for name, value in found.values:
        yield f"{indent}{printable(name)} = {value},"


def _composite(composite: Composite, opening: str, closing: str) -> Iterator[str]:
    layout = lay_out(composite)
    yield opening
    yield from _fields(layout, Nested(composite), INDENT)
    yield ""
    yield f"{INDENT}/* {_summary(layout)} */"
    yield closing


def _fields(layout: Layout, nested: Nested, indent: str) -> Iterator[str]:
    for field in layout.fields:
        yield from _gap(field.bit_hole, field.hole, indent)
        with nested.enter(body_of(field.member)) as inner:
            body = _inner(field, inner, nested, indent)
            before, after = _around(field.member, inner)
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
            yield from _enumerators(enum, indent + INDENT)


def _is_unnamed_enum(member: Member) -> bool:
    found = member.types.by_id(declared_from(member))
    return isinstance(found, Enum) and not found.name


def _around(member: Member, inner: Composite | None) -> tuple[str, str]:
    """The declaration of a member, cut where the body of its type goes if that is written out."""
    types = member.types
    cut = inner is not None or _is_unnamed_enum(member)

    def spelled(type_id: int) -> str:
        return f"{tag_of(types, type_id)}\0" if cut else spell(types, type_id)

    try:
        text = Declarer(types, spelled, tags=True).declare(member.type_id, printable(member.name))
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
