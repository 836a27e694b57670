# SPDX-License-Identifier: Apache-2.0
"""Kernels whose blobs the tests read, and what to compile for each with."""

KERNELS = ("amd64-5.10", "amd64-6.1", "amd64-6.12", "amd64-7", "arm64-6.1", "arm64-6.12", "s390x-6.12")
"""Of every dump with BTF; the others are of one of these builds (amd64-6.12-la57 is amd64-6.12's)."""

TARGETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu", "s390x": "s390x-linux-gnu"}


def compilers(name: str) -> list[list[str]]:
    """Compilers for a kernel's architecture: clang, and gcc where it is the machine's own."""
    arch = name.split("-")[0]
    clang = ["clang", f"--target={TARGETS[arch]}", "-ferror-limit=0"]
    return [clang, ["gcc"]] if arch == "amd64" else [clang]
