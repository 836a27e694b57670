# SPDX-License-Identifier: Apache-2.0
"""Which VMCOREINFO agrees with kallsyms, and in how many symbols."""

from __future__ import annotations

import pytest

from support.kernelwriter import LAYOUTS, Image, build
from volatility3_btf.kernel.evidence.vmcoreinfo import Vmcoreinfo
from volatility3_btf.kernel.evidence.vmcoreinfo_symbols import Agreement, Notes
from volatility3_btf.kernel.identify.findings import read_findings
from volatility3_btf.kernel.kallsyms.kallsyms import Kallsyms

SHIFT = 0x1000000


@pytest.fixture(scope="module")
def image() -> Image:
    return build(LAYOUTS["6.4"])


@pytest.fixture(scope="module")
def kallsyms(image: Image) -> Kallsyms:
    (found,) = read_findings(image.memory(note=False)).kallsyms
    return found


@pytest.fixture(scope="module")
def true(image: Image) -> dict[str, int]:
    """Addresses of names that stand once."""
    listed = [name for _, _, name in image.symbols]
    return {name: address for address, _, name in image.symbols if listed.count(name) == 1}


def note(symbols: dict[str, int], added: int = 0) -> Vmcoreinfo:
    return Vmcoreinfo((0,), {f"SYMBOL({name})": f"{address + added:x}" for name, address in symbols.items()})


def asked(kallsyms: Kallsyms, added: int | None, *notes: Vmcoreinfo) -> Agreement | None:
    return Notes(notes).listed_by(kallsyms).agreeing(kallsyms.readings[0], added)


@pytest.mark.parametrize("count", [3, 200])
def test_the_note_that_agrees_in_most(kallsyms: Kallsyms, true: dict[str, int], count: int) -> None:
    """Few names are searched for, many found in one pass."""
    some = dict(list(true.items())[:count])
    less = dict(list(some.items())[:-1])
    found = asked(kallsyms, 0, note(less), note(some), note(some))
    assert found is not None
    assert (found.note.symbols, found.agreed, found.told, found.added) == (some, count, count, 0)


@pytest.mark.parametrize("count", [3, 200])
def test_what_the_addresses_lack_is_what_most_lines_say(
    kallsyms: Kallsyms, true: dict[str, int], count: int
) -> None:
    some = dict(list(true.items())[:count])
    first = next(iter(some))
    found = asked(kallsyms, None, note({}), note(some | {first: some[first] + 8}, SHIFT))
    assert found is not None
    assert (found.agreed, found.told, found.added) == (count - 1, count, SHIFT)
    assert asked(kallsyms, 0, note(some, SHIFT)) is None


def test_half_is_not_enough(kallsyms: Kallsyms, true: dict[str, int]) -> None:
    names = list(true)[:4]
    lying = {name: true[name] + 16 * (number // 2) * number for number, name in enumerate(names)}
    assert asked(kallsyms, 0, note(lying)) is None
    assert asked(kallsyms, None, note(lying)) is None


def test_names_that_say_nothing(kallsyms: Kallsyms, image: Image, true: dict[str, int]) -> None:
    """Unknown ones, those that stand more than once, and those whose values are no addresses."""
    listed = [name for _, _, name in image.symbols]
    twice = next((name for name in listed if listed.count(name) > 1), "no_such_name")
    assert asked(kallsyms, 0, note({"no_such_name": 1, twice: 2, "mem_section": 3})) is None
    assert asked(kallsyms, 0) is None
