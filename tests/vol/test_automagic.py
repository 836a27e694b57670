# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""`vol -f dump linux.pslist` with nothing prepared: no symbol file, no cache, no option."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.checkout import CHECKOUT
from support.pluginruns import (
    give_isf,
    guest_processes,
    linux_plugins,
    make_isf,
    outcome,
    processes,
    run,
    run_many,
    stable,
    stock_choice,
)
from support.volrunner import Result, Vol
from support.wiping import wiped, without_vmcoreinfo
from volatility3_btf import identify_kernel, open_memory

pytestmark = pytest.mark.slow

FOUR_LEVELS = ["amd64-5.10", "amd64-6.1", "amd64-6.12", "amd64-7"]
LA57 = "amd64-6.12-la57"
MAIN = "amd64-6.1"
COMPARED = ["linux.pslist.PsList", "linux.lsmod.Lsmod", "linux.bash.Bash", "linux.sockstat.Sockstat"]

OURS_ONLY = ["linux.kallsyms.Kallsyms"]
"""What the framework's own classes cannot do on this kernel, and ours can."""

BROKEN = [("amd64-7", "linux.lsmod.Lsmod")]
"""What Volatility itself cannot do: kernel 7.x has no `taint_flag.module`."""

RIGHTED = [("amd64-7", "linux.sockstat.Sockstat")]
"""What Volatility itself shows wrong: the other side of IPv6 connections (tests/vol/test_rich_guests.py)."""

Dumps = Callable[[str], Dump]


@pytest.fixture(scope="session")
def isf(dump: Dumps, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The ISF that `linux.btfisf` makes of a dump; made once a session."""
    made: dict[str, Path] = {}

    def make(name: str) -> Path:
        if name not in made:
            made[name] = make_isf(Vol(tmp_path_factory.mktemp("isf")), dump(name))
        return made[name]

    return make


@pytest.fixture
def other(tmp_path: Path) -> Vol:
    """A second user, with folders of his own."""
    return Vol(tmp_path / "other")


def configuration(vol: Vol, image: Path, *options: str | Path) -> dict[str, object]:
    """The configuration that a run of linux.pslist ends up with."""
    saved = vol.folder / "saved.json"
    saved.unlink(missing_ok=True)
    vol(*options, "--save-config", saved, "linux.pslist", image=image)
    loaded: dict[str, object] = json.loads(saved.read_text())
    return loaded


def tables(vol: Vol) -> list[Path]:
    """What is in the store."""
    return sorted((vol.cache / "volatility3/symbols/btf").glob("*"))


@pytest.mark.parametrize("name", [*FOUR_LEVELS, LA57])
def test_process_list(name: str, dump: Dumps, vol: Vol) -> None:
    shown = processes(vol("linux.pslist", image=dump(name).raw))
    assert stable(shown) == stable(guest_processes(dump(name).truth))


@pytest.mark.parametrize("name", [MAIN, LA57])
def test_elf_core_and_lime(name: str, dump: Dumps, vol: Vol, lime: Callable[..., Path]) -> None:
    raw = vol("linux.pslist", image=dump(name).raw)
    assert vol("linux.pslist", image=dump(name).elf).stdout == raw.stdout
    assert vol("linux.pslist", image=lime(dump(name))).stdout == raw.stdout
    assert len(tables(vol)) == 1


@pytest.mark.parametrize("name", [MAIN, LA57])
def test_without_vmcoreinfo(name: str, dump: Dumps, vol: Vol, tmp_path: Path) -> None:
    whole = vol("linux.pslist", image=dump(name).raw)
    wiped = vol("linux.pslist", image=without_vmcoreinfo(dump(name), tmp_path / "wiped.raw"))
    assert wiped.stdout == whole.stdout


def test_every_plugin(dump: Dumps, isf: Callable[[str], Path], vol: Vol, other: Vol) -> None:
    """The same with nothing prepared as with the ISF of linux.btfisf and this project's automagic off.

    But for what only our own classes for the kernel's objects can do (tests/vol/test_newer_kernels.py).
    """
    give_isf(other, isf(MAIN))
    plugins = linux_plugins()
    assert len(plugins) > 40
    run(vol, "linux.pslist", dump(MAIN).raw)
    bare = run_many(vol, plugins, dump(MAIN).raw)
    choice = stock_choice(other, dump(MAIN).raw)
    stock = run_many(other, plugins, dump(MAIN).raw, "--no-btf", "-c", str(choice))
    assert not [name for name in OURS_ONLY if bare[name].returncode]
    ours = [name for name in OURS_ONLY if stock[name].returncode]
    different = [name for name in plugins if name not in ours and outcome(bare[name]) != outcome(stock[name])]
    assert not different, "\n".join(f"{name}: {bare[name].stderr[-300:]}" for name in different)
    assert sum(result.returncode == 0 for result in bare.values()) > 40


@pytest.mark.parametrize("name", [name for name in FOUR_LEVELS if name != MAIN])
def test_some_plugins(name: str, dump: Dumps, isf: Callable[[str], Path], vol: Vol, other: Vol) -> None:
    give_isf(other, isf(name))
    choice = str(stock_choice(other, dump(name).raw))
    for plugin in COMPARED:
        bare = run(vol, plugin, dump(name).raw)
        stock = run(other, plugin, dump(name).raw, "--no-btf", "-c", choice)
        assert bare.returncode == 0, bare.stderr
        if (name, plugin) in RIGHTED:
            assert without_ipv6(bare) == without_ipv6(stock) != []
        else:
            assert outcome(bare) == outcome(stock) or ((name, plugin) in BROKEN and stock.returncode == 1)


def without_ipv6(result: Result) -> list[dict[str, object]]:
    """The rows of sockets, but for the other side of those of IPv6."""
    hidden = {"Destination Addr": None}
    return [row | hidden if row["Family"] == "AF_INET6" else row for row in result.rows]


def test_la57_with_the_users_own_file(dump: Dumps, isf: Callable[[str], Path], vol: Vol, other: Vol) -> None:
    own = give_isf(other, isf(LA57))
    for plugin in COMPARED:
        bare = run(vol, plugin, dump(LA57).raw)
        assert bare.returncode == 0, bare.stderr
        assert outcome(run(other, plugin, dump(LA57).raw)) == outcome(bare)
    assert configuration(other, dump(LA57).raw)["kernel.symbol_table_name.isf_url"] == own.as_uri()
    modules = {row["Module Name"] for row in run(vol, "linux.lsmod", dump(LA57).raw).rows}
    assert modules == {module["name"] for module in dump(LA57).truth["modules"]}


def test_la57_with_the_users_own_file_and_no_vmcoreinfo(
    dump: Dumps, isf: Callable[[str], Path], vol: Vol, tmp_path: Path
) -> None:
    give_isf(vol, isf(LA57))
    shown = processes(vol("linux.pslist", image=without_vmcoreinfo(dump(LA57), tmp_path / "wiped.raw")))
    assert stable(shown) == stable(guest_processes(dump(LA57).truth))


def test_the_second_run_uses_the_stored_table(dump: Dumps, vol: Vol) -> None:
    first = vol("-v", "linux.pslist", image=dump(MAIN).raw)
    (table,) = tables(vol)
    before = (table.stat().st_ino, table.stat().st_mtime_ns)
    second = vol("-v", "linux.pslist", image=dump(MAIN).raw)
    assert f"symbol table stored: {table}" in first.stderr
    assert f"symbol table found: {table}" in second.stderr
    assert (table.stat().st_ino, table.stat().st_mtime_ns) == before
    assert second.stdout == first.stdout


def test_what_was_decided_is_logged(dump: Dumps, vol: Vol) -> None:
    verbose = vol("-v", "linux.pslist", image=dump(MAIN).raw).stderr
    assert re.search(r"INFO .*Linux 6\.1\S+, state exact: BTF at 0x[0-9a-f]+, 4-level page tables", verbose)
    assert re.search(r"INFO .*evidence: linux_banner is the address of the banner", verbose)
    quiet = vol("-q", "linux.pslist", image=dump(MAIN).raw).stderr
    assert "btf" not in quiet.lower()


@pytest.mark.parametrize("first", ["the table", "the file"])
def test_the_users_own_file_wins(
    first: str, dump: Dumps, isf: Callable[[str], Path], vol: Vol, other: Vol
) -> None:
    if first == "the table":
        vol("linux.pslist", image=dump(MAIN).raw)
        assert len(tables(vol)) == 1
    own = give_isf(vol, isf(MAIN))
    chosen = configuration(vol, dump(MAIN).raw)
    assert chosen["kernel.symbol_table_name.isf_url"] == own.as_uri()
    assert chosen["kernel.symbol_table_name.class"].endswith("linux.LinuxKernelIntermedSymbols")
    assert len(tables(vol)) == (first == "the table")


@pytest.mark.parametrize("first", ["own", "installed"])
def test_the_users_own_file_wins_over_an_installed_one(
    first: str, dump: Dumps, isf: Callable[[str], Path], vol: Vol
) -> None:
    """Volatility takes the row that was added last; what linux.btfisf --install wrote steps back."""
    names = {"own": "own.json", "installed": isf(MAIN).name}
    for name in sorted(names.values(), reverse=names[first] > min(names.values())):
        give_isf(vol, isf(MAIN), name)
        vol("--no-btf", "linux.pslist", image=dump(MAIN).raw)
    chosen = configuration(vol, dump(MAIN).raw)
    assert chosen["kernel.symbol_table_name.isf_url"] == (vol.symbols / "own.json").as_uri()


def test_an_installed_file_of_another_build_is_passed_over(
    dump: Dumps, isf: Callable[[str], Path], vol: Vol
) -> None:
    """The banner is the same, but the file's name has another BTF's hash."""
    table = isf(MAIN)
    wrong = give_isf(vol, table, re.sub(r"-[0-9a-f]{12}\.json$", "-0123456789ab.json", table.name))
    chosen = configuration(vol, dump(MAIN).raw)["kernel.symbol_table_name.isf_url"]
    assert chosen == tables(vol)[0].as_uri()
    assert wrong.exists()


@pytest.fixture
def damaged(dump: Dumps, tmp_path: Path) -> Iterator[Path]:
    """A copy of the image in which two pages of `kallsyms_offsets` are zeros."""
    kernel = identify_kernel(open_memory(dump(MAIN).raw))
    assert kernel.symbols is not None
    place = kernel.physical(kernel.symbols.tables["kallsyms_offsets"])
    assert place is not None
    path = tmp_path / "damaged.raw"
    yield wiped(dump(MAIN), path, (place // 4096 + 4) * 4096, 2 * 4096)
    path.unlink()


def test_a_saved_configuration_of_another_image_is_told(dump: Dumps, vol: Vol) -> None:
    """Volatility shows the configuration's image, whatever -f says."""
    image, other = dump(MAIN).raw, dump(LA57).raw
    saved = vol.folder / "saved.json"
    first = vol("--save-config", saved, "linux.pslist", image=image)
    for named, is_told in ((image, False), (other, True)):
        done = vol("-c", saved, "linux.pslist", image=named)
        assert done.stdout == first.stdout
        assert ("of another image" in done.stderr) == is_told


def test_what_a_damaged_image_installed_serves_no_whole_one(dump: Dumps, damaged: Path, vol: Vol) -> None:
    install = ("linux.btfisf", "--install")
    (partial,) = vol(*install, image=damaged).rows
    assert partial["State"] == "partial"
    assert configuration(vol, dump(MAIN).raw)["kernel.symbol_table_name.isf_url"] == tables(vol)[0].as_uri()
    before = Path(partial["File output"]).read_bytes()
    (exact,) = vol(*install, image=dump(MAIN).raw).rows
    assert exact["State"] == "exact"
    assert exact["File output"] != partial["File output"]
    assert Path(partial["File output"]).read_bytes() == before
    whole = Path(exact["File output"]).read_bytes()
    again = vol(*install, image=damaged)
    assert again.rows[0]["File output"] is None
    assert "is not replaced by a table that is not exact" in again.stderr
    assert Path(exact["File output"]).read_bytes() == whole
    saved = vol.folder / "damaged.json"
    done = vol("--save-config", saved, "linux.pslist", image=damaged)
    chosen = json.loads(saved.read_text())["kernel.symbol_table_name.isf_url"]
    assert chosen == Path(exact["File output"]).as_uri()
    assert f"{chosen} is used, which linux.btfisf made of another image" in done.stderr


def test_a_damaged_file_of_the_users_is_passed_over(
    dump: Dumps, isf: Callable[[str], Path], vol: Vol
) -> None:
    own = give_isf(vol, isf(MAIN))
    vol("isfinfo")  # makes Volatility's cache know the file
    own.write_bytes(own.read_bytes()[:1000])
    os.utime(own, (1, 1))
    done = vol("linux.pslist", image=dump(MAIN).raw)
    assert stable(processes(done)) == stable(guest_processes(dump(MAIN).truth))
    assert f"The symbol file {own.as_uri()} is damaged or gone" in done.stderr


def test_la57_with_the_users_own_file_and_no_btf(
    dump: Dumps, isf: Callable[[str], Path], vol: Vol, tmp_path: Path
) -> None:
    """VMCOREINFO tells the levels, and is checked; without it a line says that nothing does."""
    give_isf(vol, isf(LA57))
    (blob,) = vol("linux.btfscan", image=dump(LA57).raw).rows
    image = wiped(dump(LA57), tmp_path / "memory.raw", blob["Offset"], blob["Size"])
    shown = processes(vol("linux.pslist", image=image))
    assert stable(shown) == stable(guest_processes(dump(LA57).truth))
    notes = list(open_memory(image).find(b"\nNUMBER(phys_base)="))
    with image.open("r+b") as file:
        for place in notes:
            file.seek(place + len("\nNUMBER(phys_base)="))
            file.write(b"4096\n#")
    moved = vol("linux.pslist", image=image, check=False)
    assert "do not map the kernel to where it lies" in moved.stderr
    with image.open("r+b") as file:
        for place in open_memory(image).find(b"OSRELEASE="):
            file.seek(place)
            file.write(bytes(16))
    blind = vol("linux.pslist", image=image, check=False)
    assert "to tell how many levels its page tables have" in blind.stderr


def test_switched_off(dump: Dumps, vol: Vol) -> None:
    off = vol("--no-btf", "linux.pslist", image=dump(MAIN).raw, check=False)
    assert off.returncode == 1
    assert "A symbol table requirement was not fulfilled" in off.stdout + off.stderr
    assert not tables(vol)


def test_our_own_plugins_make_no_table(dump: Dumps, vol: Vol) -> None:
    for plugin in ("linux.btfscan", "linux.btfisf", "linux.vmcoreinfo", "banners"):
        vol(plugin, image=dump(MAIN).raw)
    assert not tables(vol)


def test_saved_configuration(dump: Dumps, vol: Vol) -> None:
    for name in (MAIN, LA57):
        chosen = configuration(vol, dump(name).raw)
        assert (
            chosen["kernel.symbol_table_name.class"]
            == "volatility3_btf.vol.symbols.kernel_table.BtfKernelSymbols"
        )
        saved = vol.folder / "saved.json"
        plain = vol("linux.pslist", image=dump(name).raw)
        assert vol("-c", saved, "linux.pslist").stdout == plain.stdout
        shutil.rmtree(vol.cache / "volatility3/symbols/btf")
        assert vol("-c", saved, "linux.pslist").stdout == plain.stdout
        assert len(tables(vol)) == 1


@pytest.mark.parametrize("name", [MAIN, LA57])
def test_configurations_that_earlier_versions_saved(name: str, dump: Dumps, vol: Vol) -> None:
    """Their classes lay elsewhere in the package."""
    plain = vol("linux.pslist", image=dump(name).raw)
    configuration(vol, dump(name).raw)
    saved = vol.folder / "saved.json"
    text = saved.read_text()
    for now, then in {"symbols.kernel_table": "table", "layers.intel": "la57"}.items():
        text = text.replace(f"volatility3_btf.vol.{now}.", f"volatility3_btf.vol.{then}.")
    assert text != saved.read_text()
    saved.write_text(text)
    assert vol("-c", saved, "linux.pslist").stdout == plain.stdout
    shutil.rmtree(vol.cache / "volatility3/symbols/btf")
    assert vol("-c", saved, "linux.pslist").stdout == plain.stdout


def test_volshell(dump: Dumps, vol: Vol, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("print('PIDS', sorted(int(task.pid) for task in ps()))\ndt('list_head')\n")
    for name in (MAIN, LA57):
        done = vol(
            "-l",
            "--script",
            script.as_uri(),
            "--script-only",
            image=dump(name).raw,
            renderer=None,
            tool="volshell",
        )
        shown = json.loads(re.search(r"PIDS (\[.*\])", done.stdout)[1])
        assert set(stable(guest_processes(dump(name).truth))) <= set(shown)
        assert "symbol_table_name1!list_head (16 bytes)" in done.stdout


def test_library_recipe(dump: Dumps, vol: Vol) -> None:
    """The page's program, as it stands, in a folder with an image of the name it has there."""
    page = CHECKOUT / "docs/no-symbols.md"
    (code,) = re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    (vol.folder / "memory.raw").symlink_to(dump(MAIN).raw)
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=vol.environment, cwd=vol.folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    *tasks, address = done.stdout.splitlines()
    shown = {int(line.split()[0]): line.split(maxsplit=1)[1] for line in tasks}
    names = {pid: name for pid, (_, name) in stable(guest_processes(dump(MAIN).truth)).items()}
    assert {pid: name for pid, name in shown.items() if pid in names} == names
    layer_address = int(dump(MAIN).truth["symbols"]["init_task"], 16) & (1 << 48) - 1
    assert int(address, 16) == layer_address


@pytest.mark.parametrize(
    ("name", "reason"), [("s390x-6.1", r"holds no kernel BTF \(Linux 6\.1\S+ was seen\)")]
)
def test_why_there_is_no_table(name: str, reason: str, dump: Dumps, vol: Vol) -> None:
    done = vol("-q", "linux.pslist", image=dump(name).raw, check=False)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if "No symbol table could be made" in line]
    assert re.search(reason, line)
    assert "Traceback" not in done.stderr


def test_without_its_exports_a_kernel_that_lists_functions_only_has_no_table(
    dump: Dumps, vol: Vol, tmp_path: Path
) -> None:
    image = without_vmcoreinfo(dump("arm64-6.1"), tmp_path / "memory.raw")
    places = list(open_memory(image).find(b"\0init_task\0"))
    with image.open("r+b") as file:
        for place in places:
            file.seek(place + 1)
            file.write(b"another")
    done = vol("-q", "linux.pslist", image=image, check=False)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if "No symbol table could be made" in line]
    assert re.search(
        r"the symbols of Linux 6\.1\S+ do not list init_task \(CONFIG_KALLSYMS_ALL is off\)", line
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("content", [b"\0", b"\x5a\xa5"])
def test_other_images_are_left_alone(content: bytes, vol: Vol, tmp_path: Path) -> None:
    image = tmp_path / "image.raw"
    image.write_bytes(content * (8 << 20))
    done = vol("-q", "linux.pslist", image=image, check=False)
    assert done.returncode == 1
    assert "No symbol table could be made" not in done.stderr
    assert not tables(vol)
