# SPDX-License-Identifier: Apache-2.0
"""Images made by an enemy: any bytes give a result or the documented error, at a bounded cost."""

from __future__ import annotations

import random
import time

import pytest

from support.kernelwriter import BTF, LAYOUTS, RODATA, Image, build, identify, tokens
from volatility3_btf.blobs.scan import find_btf
from volatility3_btf.kernel import NoKernelError, identify_kernels
from volatility3_btf.kernel.identify.findings import read_findings
from volatility3_btf.memory.memory import BytesMemory, Memory
from volatility3_btf.survey import DIGITS

VERSIONS = ["4.18", "6.1 per-CPU", "6.4", "7.0"]


def survives(memory: Memory) -> None:
    """Whatever is found is whole in itself."""
    for kernel in identify_kernels(memory, list(find_btf(memory))):
        symbols = kernel.symbols
        assert kernel.state in ("exact", "unchecked", "partial", "types only")
        if symbols is None:
            continue
        listed = list(symbols)
        assert len(listed) == len(symbols) == len(symbols.names) == len(symbols.starts)
        assert len(symbols.link_addresses(kernel.kaslr_shift or 0)) == len(symbols)
        assert all(0 <= address < 1 << 64 and len(letter) == 1 for address, letter, _ in listed)
        for _, _, name in listed[:3]:
            assert symbols.all(name) or not name or "\\x" in name


@pytest.mark.parametrize("version", VERSIONS)
def test_flipped_bits(version: str) -> None:
    rng = random.Random(version)
    for _ in range(15):
        image = build(LAYOUTS[version], rng.choice(["little", "big"]))
        for _ in range(rng.choice([1, 10, 1000])):
            image.data[rng.randrange(RODATA, BTF)] ^= 1 << rng.randrange(8)
        survives(image.memory(note=rng.random() < 0.5))


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_tables_overwritten(version: str) -> None:
    rng = random.Random(version)
    for number in range(20):
        image = build(LAYOUTS[version])
        name = sorted(image.spans)[number % len(image.spans)]
        start, size = image.spans[name]
        low = start + rng.randrange(size)
        length = min(rng.choice([1, 4, 8, 200, 5000]), start + size - low)
        fill = rng.choice([b"\xff" * length, b"\x80" * length, rng.randbytes(length), b"A" * length])
        image.data[low : low + length] = fill
        survives(image.memory(note=rng.random() < 0.5))


@pytest.mark.parametrize("version", VERSIONS)
def test_tables_that_the_image_ends_in(version: str) -> None:
    image = build(LAYOUTS[version])
    start = min(at for name, (at, _) in image.spans.items() if name.startswith("kallsyms"))
    end = max(at + size for name, (at, size) in image.spans.items() if name.startswith("kallsyms"))
    blob = bytes(image.data[BTF:])
    for cut in range(start, end + 64, (end - start) // 40):
        survives(BytesMemory(blob + bytes(-len(blob) % 4096) + bytes(image.data[:cut])))


def with_note(image: Image, **changes: str) -> Memory:
    """The image with other values in its VMCOREINFO."""
    for key, value in changes.items():
        lines = image.note.rstrip(b"\0").decode().splitlines()
        name = f"SYMBOL({key})" if key.islower() else key
        image.note = "\n".join(
            [f"{name}={value}", *(line for line in lines if not line.startswith(name))]
        ).encode()
    return image.memory()


@pytest.mark.parametrize(
    "value", ["0", "1", "ffffffffffffffff", "8000000000000000", "9e400000", "-1", "%s", ""]
)
@pytest.mark.parametrize(
    "key", ["kallsyms_names", "kallsyms_num_syms", "kallsyms_token_table", "kallsyms_offsets"]
)
def test_lies_in_vmcoreinfo_lose_to_what_is_there(key: str, value: str) -> None:
    image = build(LAYOUTS["6.4"])
    kernel = identify(with_note(image, **{key: value}))
    assert kernel.symbols is not None
    assert list(kernel.symbols) == image.symbols


def test_absurd_numbers_of_symbols() -> None:
    for count in (0, 255, 0xFFFFFFFF):
        image = build(LAYOUTS["6.4"])
        start, _ = image.spans["kallsyms_num_syms"]
        image.data[start : start + 4] = count.to_bytes(4, "little")
        for note in (True, False):
            symbols = identify(image.memory(note)).symbols
            assert symbols is not None
            assert list(symbols) == image.symbols


def test_a_bomb_of_names() -> None:
    """Names that would expand to 256 MB: every byte a token of 500 characters."""
    texts = tokens()
    texts[1] = b"T" * 500
    table = b"".join(text + b"\0" for text in texts)
    index = b"".join(sum(len(t) + 1 for t in texts[:n]).to_bytes(2, "little") for n in range(256))
    name = bytes([500 & 0x7F | 0x80, 500 >> 7]) + b"\x01" * 500
    names = name * 1024
    markers = b"".join((256 * len(name) * block).to_bytes(4, "little") for block in range(4))
    data = (1024).to_bytes(8, "little") + names + bytes(-len(names) % 8) + markers + table
    data += bytes(-len(data) % 8) + index + bytes(64 << 10)
    started = time.monotonic()
    findings = read_findings(BytesMemory(data))
    assert time.monotonic() - started < 10
    assert findings.kallsyms == []
    assert any("would take" in complaint for complaint in findings.complaints)


@pytest.mark.parametrize("text", [DIGITS, b"OSRELEASE=6.1\n", b"Linux version 6.1 (a) #1 b\n\0"])
def test_millions_of_beginnings(text: bytes) -> None:
    image = build(LAYOUTS["6.4"])
    flood = text * ((16 << 20) // len(text))
    memory = BytesMemory(bytes(image.data) + image.note.ljust(4096, b"\0") + flood)
    started = time.monotonic()
    kernel = identify_kernels(memory, list(find_btf(memory)))[0]
    assert time.monotonic() - started < 20
    assert kernel.symbols is not None
    assert list(kernel.symbols) == image.symbols


def test_many_token_tables() -> None:
    """Copies of a token table with nothing around them: the first are followed, and it is said."""
    image = build(LAYOUTS["6.4"])
    start, _ = image.spans["kallsyms_token_table"]
    end = sum(image.spans["kallsyms_token_index"])
    copies = (bytes(image.data[start:end]) + bytes(64)) * 8000
    started = time.monotonic()
    findings = read_findings(BytesMemory(copies))
    assert time.monotonic() - started < 10
    assert findings.kallsyms == []
    assert any("look like a token table" in complaint for complaint in findings.complaints)


def test_no_kernel_is_an_error_of_ours() -> None:
    for data in (b"", bytes(100), b"\x9f\xeb\x01\x00" * 1000, random.Random(1).randbytes(1 << 20)):
        with pytest.raises(NoKernelError):
            identify(BytesMemory(data))
