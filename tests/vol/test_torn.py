# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Lists and trees that are torn: what is left is shown once, and the user is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.pluginruns import give_isf, guest_processes, make_isf, processes, stable
from support.tearing import NOWHERE, POINTER, POISON, Tearing
from support.volrunner import Result, Vol

pytestmark = pytest.mark.slow

MAIN, NEWER = "amd64-6.1", "amd64-6.12"
Dumps = Callable[[str], Dump]


@pytest.fixture(scope="module")
def tear(dump: Dumps, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Tearing]:
    """A copy of a dump that can be torn, made once."""
    made: dict[str, Tearing] = {}

    def get(name: str) -> Tearing:
        if name not in made:
            made[name] = Tearing(dump(name), tmp_path_factory.mktemp("torn") / "memory.raw")
        return made[name]

    return get


def told(result: Result) -> list[str]:
    return [line.partition(": ")[2] for line in result.stderr.splitlines() if ".walks." in line]


def names(result: Result, column: str = "Module Name") -> list[str]:
    return sorted(row[column] for row in result.rows)


def modules_of(guest: Dump) -> list[str]:
    return sorted(module["name"] for module in guest.truth["modules"])


@pytest.mark.parametrize(
    ("element", "to", "line"),
    [
        (0, "nowhere", "after 0 it goes on at 0xffff800000001000, which cannot be read; forwards it gives 0"),
        (6, "nowhere", "after 6 it goes on at 0xffff800000001000, which cannot be read; forwards it gives 6"),
        (6, "another list", "which does not lead back; forwards it gives 6"),
        (6, "one before", "which does not lead back; forwards it gives 6"),
        (6, "three later", "which does not lead back; forwards it gives"),
    ],
)
def test_modules_by_the_other_direction(
    element: int, to: str, line: str, tear: Callable[[str], Tearing], dump: Dumps, session_vol: Vol
) -> None:
    image = tear(MAIN)
    head = image.symbol("modules")
    nodes = [head, *image.ring(head)]
    there = {"nowhere": NOWHERE, "another list": image.tasks, "one before": nodes[3], "three later": nodes[9]}
    with image.torn({nodes[element]: there[to]}) as path:
        done = session_vol("linux.lsmod", image=path)
    assert names(done) == modules_of(dump(MAIN))
    (said,) = told(done)
    assert said.startswith("The list of modules is torn: after ")
    assert line in said
    assert f"backwards {len(nodes) - 1}, in all {len(nodes) - 1}" in said
    astray = to in ("nowhere", "another list")
    assert ("and none of them leads to more" in said) is not astray
    assert ("no more of them in module_kset, mod_tree, btf_modules" in said) is astray


def test_a_list_that_was_cut_short(tear: Callable[[str], Tearing], dump: Dumps, session_vol: Vol) -> None:
    """The last that is left leads to the head, and the head back to nowhere."""
    image, guest = tear(MAIN), dump(MAIN)
    nodes = image.ring(image.tasks)
    with image.torn({nodes[20]: image.tasks, image.tasks + POINTER: NOWHERE}) as path:
        done = session_vol("linux.pslist", image=path)
    assert stable(processes(done)) == stable(guest_processes(guest.truth))
    (said,) = told(done)
    assert "may not be complete" in said
    assert f"{len(nodes) - 21} more are shown that are elsewhere" in said


def gap(image: Tearing, head: int) -> dict[int, int]:
    """Pointers that lead nowhere: forwards after 6, backwards after 4."""
    nodes = image.ring(head)
    return {nodes[5]: NOWHERE, nodes[-4] + POINTER: POISON}


@pytest.mark.parametrize("name", [MAIN, NEWER])
def test_what_neither_direction_leads_to_is_elsewhere(
    name: str, tear: Callable[[str], Tearing], dump: Dumps, session_vol: Vol
) -> None:
    image, guest = tear(name), dump(name)
    with image.torn(gap(image, image.symbol("modules")) | gap(image, image.tasks)) as path:
        modules = session_vol("linux.lsmod", image=path)
        tasks = session_vol("linux.pslist", image=path)
    assert names(modules) == modules_of(guest)
    assert stable(processes(tasks)) == stable(guest_processes(guest.truth))
    assert len(tasks.rows) == len({row["PID"] for row in tasks.rows})
    (said,) = told(modules)
    more = len(modules_of(guest)) - 10
    assert "forwards it gives 6, backwards 4, in all 10" in said
    assert f"{more} more are shown that are elsewhere: {more} in module_kset, {more} in mod_tree" in said
    (said,) = told(tasks)
    assert f"{len(tasks.rows) - 10} in init_pid_ns.idr" in said


def test_with_a_symbol_file_of_the_users_too(
    tear: Callable[[str], Tearing], dump: Dumps, vol: Vol, tmp_path: Path
) -> None:
    give_isf(vol, make_isf(Vol(tmp_path / "maker"), dump(MAIN)))
    image = tear(MAIN)
    with image.torn({image.symbol("modules"): NOWHERE}) as path:
        done = vol("--no-btf", "linux.lsmod", image=path)
    assert names(done) == modules_of(dump(MAIN))
    assert len(told(done)) == 1


def same(result: Result, whole: Result, key: str) -> set[object]:
    """What of the whole answer is missing; none of the torn one's rows may be there twice, or be new."""
    have, should = ([row[key] for row in done.rows] for done in (result, whole))
    assert set(have) <= set(should)
    assert len(have) == len(set(have))
    return set(should) - set(have)


def test_files_in_a_directory(tear: Callable[[str], Tearing], session_vol: Vol) -> None:
    """Chains (6.8 and later): forwards only, and by back pointers."""
    image = tear(NEWER)
    whole = session_vol("linux.pagecache.Files", image=image.path)
    files = {row["FilePath"]: row["InodeAddr"] for row in whole.rows}
    assert "/init" in files
    head = directory(image, "/", image.symbol("init_task"))
    first = image.pointer(head)
    second = image.pointer(first)
    third = image.pointer(second)
    for pointers, word in (
        ({first: third}, "by back pointers only"),
        ({second: first}, "which was there before"),
        ({second: NOWHERE}, "which cannot be read"),
    ):
        with image.torn(pointers) as path:
            done = session_vol("linux.pagecache.Files", image=path)
        missing = same(done, whole, "InodeAddr")
        assert bool(missing) != ("back pointers" in word)
        (said,) = told(done)
        assert word in said


def directory(image: Tearing, path: str, task: int) -> int:
    """Where the head of the root directory's list of files lies, as a task sees it."""
    assert path == "/"
    fs = image.pointer(task + image.offset("task_struct", "fs"))
    root = image.pointer(fs + image.offset("fs_struct", "root") + image.offset("path", "dentry"))
    return root + image.offset("dentry", "d_children")


def test_mounts_in_a_tree(tear: Callable[[str], Tearing], session_vol: Vol) -> None:
    image = tear(NEWER)
    whole = session_vol("linux.mountinfo", image=image.path)
    nodes = image.pointer(image.symbol("init_task") + image.offset("task_struct", "nsproxy"))
    namespace = image.pointer(nodes + image.offset("nsproxy", "mnt_ns"))
    root = image.pointer(namespace + image.offset("mnt_namespace", "mounts"))
    for child, word in ((root, "is in it twice"), (NOWHERE, "cannot be read")):
        with image.torn({root + 2 * POINTER: child}) as path:
            done = session_vol("linux.mountinfo", image=path)
        assert same(done, whole, "MOUNT ID")
        (said,) = told(done)
        assert word in said


def test_processes_by_number(tear: Callable[[str], Tearing], session_vol: Vol) -> None:
    image = tear(MAIN)
    whole = session_vol("linux.pidhashtable", image=image.path)
    idr = image.symbol("init_pid_ns") + image.offset("pid_namespace", "idr")
    node = image.pointer(idr + image.offset("xarray", "xa_head")) - 2
    slots = node + image.offset("xa_node", "slots")
    assert image.pointer(node) & 0xFF, "more than one level"
    with image.torn({slots + POINTER: NOWHERE + 2}) as path:
        done = session_vol("linux.pidhashtable", image=path)
    assert same(done, whole, "OFFSET")
    (said,) = told(done)
    assert "the node at 0xffff800000001000 cannot be read" in said


def test_a_table_of_open_files_that_is_too_large(tear: Callable[[str], Tearing], session_vol: Vol) -> None:
    image = tear(MAIN)
    task = next(task for task in all_tasks(image) if number(image, task, "pid") == 1)
    files = image.pointer(task + image.offset("task_struct", "files"))
    table = image.pointer(files + image.offset("files_struct", "fdt"))
    place = table + image.offset("fdtable", "max_fds")
    with image.torn({place: image.pointer(place) & ~0xFFFF_FFFF | 900_000}) as path:
        done = session_vol("linux.lsof", "--pid", "1", image=path)
    assert not done.rows
    (said,) = told(done)
    assert "a process has room for 900000 open files by its table, which is passed over" in said


@pytest.mark.parametrize("name", [MAIN, "amd64-5.10"])
def test_a_process_mappings(name: str, tear: Callable[[str], Tearing], session_vol: Vol) -> None:
    image = tear(name)
    whole = session_vol("linux.proc.Maps", image=image.path)
    by_name = {row["Process"]: row["PID"] for row in whole.rows}
    pid = by_name["httpd"]
    task = next(task for task in all_tasks(image) if number(image, task, "pid") == pid)
    mm = image.pointer(task + image.offset("task_struct", "mm"))
    if name == MAIN:
        tree = mm + image.offset("mm_struct", "mm_mt")
        torn = {tree + image.offset("maple_tree", "ma_root"): NOWHERE & ~0xFF | 0xE}
    else:
        first = image.pointer(mm + image.offset("mm_struct", "mmap"))
        torn = {first + image.offset("vm_area_struct", "vm_next"): NOWHERE}
    with image.torn(torn) as path:
        done = session_vol("linux.proc.Maps", image=path)
    mappings = [row for row in whole.rows if row["PID"] == pid]
    left = [row for row in done.rows if row["PID"] == pid]
    if name == MAIN:
        assert not left
        (said,) = told(done)
        assert f"of the {len(mappings)} mappings that a process has" in said
    else:
        assert sorted(row["Start"] for row in left) == sorted(row["Start"] for row in mappings)


def all_tasks(image: Tearing) -> Iterable[int]:
    return (node - image.offset("task_struct", "tasks") for node in image.ring(image.tasks))


def number(image: Tearing, task: int, member: str) -> int:
    return image.pointer(task + image.offset("task_struct", member)) & 0xFFFF_FFFF
