# SPDX-License-Identifier: Apache-2.0
"""The virtual machine: QEMU, its console, its control socket."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dumpmaker.arches import Arch
from dumpmaker.errors import DumpError, GuestError
from dumpmaker.kexec import Start

END_OF_CONSOLE = b"\n[end of console]"
MIGRATION_SPEED = 32 << 20  # bytes a second


@dataclass(frozen=True)
class Boot:
    """What to boot, and on what.

    Attributes:
        memory: of the guest, in MiB.
        append: more words for the kernel's command line.
        accelerators: QEMU's, in the order to try.
        timeout: seconds to wait for each of the guest's steps.
        stream: write QEMU's migration stream too.
        earlier: write memory as it was when the guest's first process started, too.
        kdump: write a compressed kdump file too; zlib, as Debian's QEMU has nothing else.
        told: have the guest say more of its processes (initramfs.TOLD).
        large: have it make files in folios of many pages (initramfs.LARGE).
        busy: have it run many processes and a daemon that writes a log (initramfs.BUSY).
        hooked: have it load BPF programs and hook into netfilter (initramfs.HOOKED).
        bash: a static bash: have it do what an analyst looks for (initramfs.RICH).
        kexec: let the kernel start a second one, and dump memory when that one is up (amd64).
        more: further words of QEMU's command line.
        ram_file: a file that is the guest's memory: it starts with what is in it, and leaves it there.
    """

    arch: Arch
    memory: int = 512
    processors: int = 2
    machine: str | None = None
    cpu: str | None = None
    append: str = ""
    accelerators: tuple[str, ...] = ("kvm", "tcg")
    timeout: float = 300
    stream: bool = False
    earlier: bool = False
    kdump: bool = False
    told: bool = False
    hooked: bool = False
    large: bool = False
    busy: bool = False
    bash: Path | None = None
    kexec: Start | None = None
    more: tuple[str, ...] = ()
    ram_file: Path | None = None

    def command(self, kernel: Path, initrd: Path, disk: Path, work: Path) -> list[str]:
        """The QEMU command line: console on the standard streams, QMP on a socket in `work`."""
        arch = self.arch
        backed = "" if self.ram_file is None else ",memory-backend=ram"
        command = [f"qemu-system-{arch.emulator}", "-M", (self.machine or arch.machine) + backed]
        command += ["-cpu", self.cpu or arch.cpu, "-m", str(self.memory), "-smp", str(self.processors)]
        command += ["-nodefaults", "-display", "none", "-no-reboot"]
        command += ["-kernel", str(kernel), "-initrd", str(initrd)]
        command += ["-append", f"console={arch.console} panic=-1 {self.append}".strip()]
        command += ["-chardev", "stdio,id=con,signal=off", "-serial", "chardev:con"]
        command += ["-qmp", f"unix:{work}/qmp,server=on,wait=off"]
        command += ["-drive", f"file={disk},if=none,id=truth,format=raw,cache=unsafe"]
        command += ["-device", f"virtio-blk-{arch.bus},drive=truth"]
        no_rom = ",romfile=" if arch.bus == "pci" else ""
        command += ["-netdev", "user,id=n0,restrict=on"]
        command += ["-device", f"virtio-net-{arch.bus},netdev=n0{no_rom}"]
        if arch.bus == "pci":
            command += ["-netdev", "user,id=n1,restrict=on", "-device", "e1000,netdev=n1,romfile="]
        if self.ram_file is not None:
            ram = f"memory-backend-file,id=ram,size={self.memory}M,share=on,mem-path={self.ram_file}"
            command += ["-object", ram]
        command += self.more
        for accelerator in self.accelerators:
            if accelerator != "kvm" or kvm_works(arch.emulator):
                command += ["-accel", accelerator]
        return command


def kvm_works(target: str) -> bool:
    """Whether KVM can run this target by hardware.

    A paravirtual-only one (kvm_pvm, in some cloud sandboxes) offers /dev/kvm but hangs a stock kernel in real
    mode.
    """
    if target != os.uname().machine or not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    return target != "x86_64" or any(Path("/sys/module", m).exists() for m in ("kvm_intel", "kvm_amd"))


class Guest:
    """A running QEMU; use it as a context manager, the process never outlives the block."""

    def __init__(self, command: list[str], log: Path, package: str) -> None:
        self._seen, self._changed, self._log = b"", threading.Condition(), log
        with log.open("wb") as errors:
            try:
                self._process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
                )
            except FileNotFoundError:
                raise DumpError(f"{command[0]} is not installed (Debian: {package})") from None
        self._thread = threading.Thread(target=self._pump, daemon=True)
        self._thread.start()

    def __enter__(self) -> Guest:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._thread.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()

    def _pump(self) -> None:
        assert self._process.stdout
        with self._log.open("ab", buffering=0) as out:
            while chunk := os.read(self._process.stdout.fileno(), 65536):
                out.write(chunk)
                self._add(chunk)
        self._add(END_OF_CONSOLE)

    def _add(self, chunk: bytes) -> None:
        with self._changed:
            self._seen += chunk
            self._changed.notify_all()

    def expect(self, marker: bytes, timeout: float) -> None:
        """Wait until the console shows the marker.

        Raises:
            GuestError: it did not within `timeout` seconds, or the guest is gone.
        """

        def done() -> bool:
            return marker in self._seen or self._seen.endswith(END_OF_CONSOLE)

        with self._changed:
            self._changed.wait_for(done, timeout)
            if marker not in self._seen:
                tail = self._log.read_bytes()[-300:].decode(errors="replace").strip()
                raise GuestError(f"the guest never said {marker.decode()!r}; its last words: {tail}")

    def type_line(self, line: str) -> None:
        """Type a line on the guest's console; only what that shows from now on is waited for."""
        assert self._process.stdin
        with self._changed:
            self._seen = END_OF_CONSOLE if self._seen.endswith(END_OF_CONSOLE) else b""
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def wait(self, timeout: float) -> None:
        """Wait until the guest has switched itself off."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise GuestError("the guest did not switch off") from None


class Monitor:
    """QEMU's control socket (QMP)."""

    def __init__(self, path: Path, timeout: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        for _ in range(300):
            try:
                self._socket.connect(str(path))
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise GuestError("QEMU did not start (see console.log)")
        self._socket.settimeout(timeout)
        self._stream = self._socket.makefile("rw")
        self._stream.readline()
        self.run("qmp_capabilities")

    def __enter__(self) -> Monitor:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stream.close()
        self._socket.close()

    def run(self, command: str, **arguments: object) -> Any:
        """Run a QMP command and return its result.

        Raises:
            GuestError: QEMU refuses, is silent or is gone.
        """
        try:
            self._stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            self._stream.flush()
            for line in self._stream:
                reply = json.loads(line)
                if "error" in reply:
                    raise GuestError(f"{command}: {reply['error']['desc']}")
                if "return" in reply:
                    return reply["return"]
        except OSError as error:
            raise GuestError(f"{command}: {error}") from error
        raise GuestError(f"{command}: QEMU went away")

    def migrate(self, path: Path) -> None:
        """Write the running machine's state, as for migrating it, into a file; it is stopped at the end.

        At `MIGRATION_SPEED`, so that some pages change meanwhile and are written again.

        Raises:
            GuestError: QEMU cannot, or gives up.
        """
        self.run("migrate-set-parameters", **{"max-bandwidth": MIGRATION_SPEED})
        self.run("migrate", uri=f"exec:cat > {shlex.quote(str(path))}")
        while (status := self.run("query-migrate")["status"]) != "completed":
            if status in ("failed", "cancelled"):
                raise GuestError(f"migrate: {status}")
            time.sleep(0.1)
