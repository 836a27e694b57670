# SPDX-License-Identifier: Apache-2.0
"""A note that a process writes changes nothing; the kernel's own is held against what is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from dumpmaker.cache import Dump
from support.overlay import PAGE, Overlay
from volatility3_btf.blobs.scan import find_kernel_btf
from volatility3_btf.kernel import Kernel, address_space_of, identify_kernel

GetDump = Callable[[str], Dump]
SPREAD = ("init_uts_ns", "_stext", "swapper_pg_dir", "kallsyms_token_table", "kallsyms_token_index")
MORE = ("init_task", "init_mm", "init_cred", "modules", "linux_banner", "prog_idr", "iomem_resource")


@pytest.fixture(scope="module", params=["amd64-6.1", "amd64-7"])
def image(request: pytest.FixtureRequest, dump: GetDump) -> Overlay:
    return Overlay(dump(request.param).raw)


@pytest.fixture(scope="module")
def sound(image: Overlay) -> Kernel:
    kernel = identify_kernel(image)
    assert kernel.state == "exact"
    return kernel


@pytest.fixture(autouse=True)
def restored(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "image" in request.fixturenames:
        request.getfixturevalue("image").restore()


def free_page(image: Overlay) -> int:
    """A page of zeros that a process could have."""
    return next(at for at in range(16 << 20, 1 << 29, PAGE) if not any(image.read(at, PAGE)))


def forge(image: Overlay, kernel: Kernel, slide: int, *lines: str) -> None:
    """A process's page: VMCOREINFO with more symbols than the kernel's own, moved by a distance."""
    assert kernel.symbols is not None
    told = {**kernel.found_symbols(), **{name: kernel.symbols.get(name) for name in (*SPREAD, *MORE)}}
    texts = [f"SYMBOL({name})={told[name] + slide:x}" for name in (*SPREAD, *MORE) if told.get(name)]
    note = "\n".join([f"OSRELEASE={kernel.release}", "PAGESIZE=4096", *lines, *texts, ""])
    image.write(free_page(image), note.encode() + b"\0")


def put(image: Overlay, kernel: Kernel, key: str, value: str) -> None:
    """Change a line in every copy of the kernel's own note."""
    assert kernel.vmcoreinfo is not None
    old = f"\n{key}={kernel.vmcoreinfo.entries[key]}\n".encode()
    new = f"\n{key}={value}\n".encode()
    for offset in kernel.vmcoreinfo.offsets:
        text = image.read(offset, PAGE - 24)
        assert old in text
        image.write(offset, text.replace(old, new).ljust(PAGE - 24, b"\0")[: PAGE - 24])


def assert_the_same(kernel: Kernel, sound: Kernel) -> None:
    assert (kernel.state, kernel.doubts) == ("exact", [])
    assert kernel.symbols is not None and sound.symbols is not None
    assert (kernel.symbols.addresses == sound.symbols.addresses).all()
    assert (kernel.kaslr_shift, kernel.layer_base) == (sound.kaslr_shift, sound.layer_base)
    assert (kernel.page_tables, kernel.vmcoreinfo) == (sound.page_tables, sound.vmcoreinfo)


def test_a_note_with_public_addresses_changes_nothing(image: Overlay, sound: Kernel) -> None:
    forge(image, sound, -(sound.kaslr_shift or 0), "KERNELOFFSET=0")
    assert_the_same(identify_kernel(image), sound)


def test_a_note_that_knows_the_base_changes_nothing(image: Overlay, sound: Kernel) -> None:
    offset = f"KERNELOFFSET={sound.kaslr_shift:x}"
    forge(image, sound, 0, offset, "NUMBER(pgtable_l5_enabled)=1", "NUMBER(phys_base)=2097152")
    assert_the_same(identify_kernel(image), sound)


def test_the_kernels_own_pointer_says_which_note_is_its_own(image: Overlay, sound: Kernel) -> None:
    assert any("vmcoreinfo_data points" in sentence for sentence in sound.evidence)
    assert sound.symbols is not None and sound.vmcoreinfo is not None
    pointer = sound.find("vmcoreinfo_data")
    space = address_space_of(image, sound)
    assert pointer is not None and space is not None
    assert space.translate(int.from_bytes(image.read(pointer, 8), "little")) in sound.vmcoreinfo.offsets


def test_levels_are_measured_not_told(image: Overlay, sound: Kernel) -> None:
    put(image, sound, "NUMBER(pgtable_l5_enabled)", "1")
    kernel = identify_kernel(image)
    assert kernel.page_tables == sound.page_tables
    assert kernel.state == "unchecked"
    assert "pgtable_l5_enabled=1" in kernel.doubts[0]


@pytest.mark.parametrize("where", ["note", "variable"])
def test_the_base_of_the_layer_is_measured_not_told(image: Overlay, sound: Kernel, where: str) -> None:
    place = sound.find("phys_base")
    assert place is not None and sound.vmcoreinfo is not None
    base = int(sound.vmcoreinfo.entries["NUMBER(phys_base)"]) + (2 << 20)
    if where == "note":
        put(image, sound, "NUMBER(phys_base)", str(base))
    else:
        image.write(place, base.to_bytes(8, "little", signed=True))
    kernel = identify_kernel(image)
    assert (kernel.layer_base, kernel.state) == (0, "unchecked")
    assert "address 0 of the image" in kernel.doubts[0]


def test_some_symbols_of_the_note_are_others(image: Overlay, sound: Kernel) -> None:
    assert sound.vmcoreinfo is not None
    put(image, sound, "SYMBOL(_stext)", f"{(sound.vmcoreinfo.symbol('_stext') or 0) + 0x1000:x}")
    kernel = identify_kernel(image)
    assert kernel.state == "unchecked"
    assert "VMCOREINFO has the same address for" in kernel.doubts[0]


def test_a_banner_of_another_release(image: Overlay, sound: Kernel) -> None:
    place = sound.find("linux_banner")
    assert place is not None and sound.release is not None
    text = image.read(place, 200)
    image.write(place, text.replace(sound.release.encode(), sound.release[:-1].encode() + b"x", 1))
    kernel = identify_kernel(image)
    assert kernel.state == "unchecked"
    assert (
        sum(f"that of the banner {kernel.release}" in doubt.replace("'", "") for doubt in kernel.doubts) == 2
    )


def test_one_pointer_that_leads_elsewhere(image: Overlay, sound: Kernel) -> None:
    place, target = sound.find("init_nsproxy"), sound.symbols and sound.symbols.get("init_ipc_ns")
    assert place is not None and target is not None
    data = image.read(place, PAGE)
    image.write(place, data.replace(target.to_bytes(8, "little"), (target + 64).to_bytes(8, "little")))
    kernel = identify_kernel(image)
    assert kernel.state == "unchecked"
    assert "pointers in the kernel's data agree" in kernel.doubts[0]


def test_a_note_elsewhere_is_a_hint(image: Overlay, sound: Kernel) -> None:
    """Both copies that the kernel points to are overwritten, and a process has one."""
    assert sound.vmcoreinfo is not None
    for offset in sound.vmcoreinfo.offsets:
        image.write(offset, b"no note ")
    forge(image, sound, 0, f"KERNELOFFSET={(sound.kaslr_shift or 0) + (2 << 20):x}")
    kernel = identify_kernel(image)
    assert (kernel.vmcoreinfo, kernel.kaslr_shift) == (None, sound.kaslr_shift)
    assert any("is not the kernel's own" in doubt for doubt in kernel.doubts)


def test_another_kernels_btf(dump: GetDump) -> None:
    image, other = Overlay(dump("amd64-6.12").raw), dump("amd64-6.1")
    sound = identify_kernel(image)
    blob = next(iter(find_kernel_btf(Overlay(other.raw))))
    image.write(sound.blob.offset, blob.data.ljust(sound.blob.size, b"\0"))
    kernel = identify_kernel(image)
    assert kernel.state == "partial"
    assert any("by __start_BTF and __stop_BTF" in doubt for doubt in kernel.doubts)
    assert any("it may be another kernel's" in doubt for doubt in kernel.doubts)


@pytest.mark.parametrize("name", ["arm64-6.12", "s390x-6.12", "amd64-5.10"])
def test_the_shift_stands_in_the_image(name: str, dump: GetDump) -> None:
    """Without VMCOREINFO too: in code, or in a variable."""
    image = Overlay(dump(name).raw)
    sound = identify_kernel(image)
    assert sound.vmcoreinfo is not None
    for offset in sound.vmcoreinfo.offsets:
        image.write(offset, bytes(PAGE - offset % PAGE))
    kernel = identify_kernel(image)
    assert (kernel.state, kernel.kaslr_found, kernel.doubts) == ("exact", True, [])
    assert (kernel.kaslr_shift, kernel.layer_base) == (sound.kaslr_shift, sound.layer_base)


def test_a_shift_that_is_assumed_is_not_exact(image: Overlay, sound: Kernel) -> None:
    place = sound.find("dump_kernel_offset")
    assert place is not None and sound.vmcoreinfo is not None
    image.write(place, b"\xcc" * 128)
    for offset in sound.vmcoreinfo.offsets:
        image.write(offset, bytes(PAGE - offset % PAGE))
    kernel = identify_kernel(image)
    assert (kernel.state, kernel.kaslr_found) == ("unchecked", False)
    assert any("assumed" in doubt for doubt in kernel.doubts)


def test_only_the_kernel_image_has_a_fixed_distance(image: Overlay, sound: Kernel) -> None:
    """What lies elsewhere, as the first process does, is read through the page tables."""
    space, task = address_space_of(image, sound), sound.find("init_task")
    assert space is not None and task is not None
    member = sound.blob.types["task_struct"]["tasks"].offset
    first = int.from_bytes(image.read(task + member, 8), "little")
    assert sound.physical(first) is None
    place = space.translate(first)
    assert place is not None
    assert image.read(place, 16) == space.read(first, 16)
