# SPDX-License-Identifier: Apache-2.0
"""Which files of a folder are looked into."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from volatility3_btf.library.inputs import find_inputs

PACKAGES = """
    linux-image-6.1.0-50-amd64_6.1.176-1_amd64.deb
    linux-image-unsigned-6.8.0-31-generic_6.8.0-31.31_amd64.deb
    linux-binary-7.3.4+deb13-amd64_7.3.4-1_amd64.deb
    kernel-core-6.8.5-301.fc40.x86_64.rpm
    kernel-5.14.0-427.el9.x86_64.rpm
    kernel-rt-core-5.14.0-427.el9.x86_64.rpm
    kernel-default-6.4.0-150600.21.1.x86_64.rpm
    linux-6.9.1.arch1-1-x86_64.pkg.tar.zst
    linux-lts-6.6.31-1-x86_64.pkg.tar.zst
""".split()

OTHERS = """
    linux-image-6.1.0-50-amd64-dbg_6.1.176-1_amd64.deb
    linux-headers-6.1.0-50-amd64_6.1.176-1_amd64.deb
    linux-image-6.8.0-31-generic-dbgsym_6.8.0-31.31_amd64.ddeb
    kernel-modules-core-6.8.5-301.fc40.x86_64.rpm
    kernel-devel-6.8.5-301.fc40.x86_64.rpm
    kernel-debuginfo-6.8.5-301.fc40.x86_64.rpm
    linux-headers-6.9.1.arch1-1-x86_64.pkg.tar.zst
    linux-firmware-20240510-1-any.pkg.tar.zst
    bash_5.2-1_amd64.deb
    initrd.img-6.1.0-50-amd64
    initramfs-6.8.5-301.fc40.x86_64.img
    System.map-6.1.0-50-amd64
    config-6.1.0-50-amd64
    ext4.ko.xz
    notes.txt
""".split()


def found(*sources: Path) -> set[str]:
    return {source.path.name for source in find_inputs(sources).files}


def test_packages_of_kernels_are_known_by_their_names(tmp_path: Path) -> None:
    for name in PACKAGES + OTHERS:
        (tmp_path / name).write_bytes(bytes(5000))
    assert found(tmp_path) == set(PACKAGES)
    assert find_inputs([tmp_path]).passed_over == len(OTHERS)


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("vmlinuz-6.1.0", b""),
        ("anything", b"\0" * 0x202 + b"HdrS"),
        ("a.img", b"\0" * 0x38 + b"ARM\x64"),
        ("linux.efi", b"MZ"),
        ("fitImage", b"\xd0\x0d\xfe\xed"),
        ("board.itb", b"\xd0\x0d\xfe\xed"),
        ("memory.raw", b""),
        ("memory", b"EMiL"),
        ("core", b"\x7fELF\2\1" + bytes(10) + b"\4\0"),
        ("vmlinux-5.10", b"\x7fELF\2\1" + bytes(10) + b"\2\0"),
    ],
)
def test_kernels_and_images_are_known_by_first_bytes_or_names(tmp_path: Path, name: str, head: bytes) -> None:
    (tmp_path / name).write_bytes(head.ljust(5000, b"\0"))
    assert found(tmp_path) == {name}


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("bash", b"\x7fELF\2\1" + bytes(10) + b"\3\0"),
        ("memory.raw", b""),
        ("board.dtb", b"\xd0\x0d\xfe\xed" + bytes(5000)),
    ],
)
def test_programs_and_files_without_content_are_not(tmp_path: Path, name: str, head: bytes) -> None:
    (tmp_path / name).write_bytes(head)
    assert found(tmp_path) == set()


def test_what_is_named_is_looked_into_whatever_it_is(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no kernel")
    assert found(tmp_path / "notes.txt") == {"notes.txt"}


def test_a_file_with_two_names_is_one(tmp_path: Path) -> None:
    (tmp_path / "vmlinuz-6.1").write_bytes(bytes(5000))
    os.link(tmp_path / "vmlinuz-6.1", tmp_path / "vmlinuz-link")
    (tmp_path / "vmlinuz").symlink_to("vmlinuz-6.1")
    (tmp_path / "vmlinuz.old").symlink_to("gone")
    inputs = find_inputs([tmp_path, tmp_path])
    assert len(inputs.files) == 1
    assert not inputs.unreadable


def test_pipes_and_devices_are_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "vmlinuz-6.1")
    assert found(tmp_path) == set()


def test_what_is_named_and_not_there_is_told(tmp_path: Path) -> None:
    inputs = find_inputs([tmp_path / "gone"])
    assert list(inputs.unreadable) == [tmp_path / "gone"]


def test_the_library_itself_is_no_source(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "vmlinuz").write_bytes(bytes(5000))
    assert not find_inputs([tmp_path], leave=tmp_path / "library").files
