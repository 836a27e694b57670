# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Pictures show what is there, in grey, and say so in words."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import numpy as np
import pandas
import polars
import pytest
from matplotlib.collections import Collection
from matplotlib.colors import to_rgb
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from dumpmaker.cache import Dump
from support.volrunner import Vol
from volatility3_btf import identify_kernel, open_memory, pictures
from volatility3_btf.btf import Composite, Types
from volatility3_btf.btf.views.layout import lay_out
from volatility3_btf.kernel.frames.physical_map import PhysicalMap, physical_map
from volatility3_btf.kernel.frames.use import Use
from volatility3_btf.pictures import Picture
from volatility3_btf.pictures.modules import table_of
from volatility3_btf.pictures.physical import NAMES, shares_of
from volatility3_btf.pictures.processes import tree_of
from volatility3_btf.pictures.rows import rows_of
from volatility3_btf.pictures.structure import parts_of, rows_shown
from volatility3_btf.pictures.timeline import LANES, PROCESS, events_of

GetDump = Callable[[str], Dump]
RICH = "amd64-6.12"


def words(picture: Picture) -> list[str]:
    """The texts in a picture."""
    return [text.get_text() for text in picture.findobj(Text) if text.get_text()]


def process(pid: int, ppid: int, comm: str, second: int = 0) -> dict[str, Any]:
    start = datetime(2026, 11, 27, 8, 0, second, tzinfo=timezone.utc)
    return {"PID": pid, "PPID": ppid, "COMM": comm, "CREATION TIME": start}


@pytest.fixture(scope="module")
def found(dump: GetDump) -> PhysicalMap:
    memory = open_memory(dump(RICH).raw)
    return physical_map(memory, identify_kernel(memory))


@pytest.fixture(scope="module")
def types(dump: GetDump) -> Types:
    return identify_kernel(open_memory(dump(RICH).raw)).blob.types


# --- of every picture ---


@pytest.fixture(scope="module")
def all_pictures(found: PhysicalMap, types: Types) -> list[Picture]:
    processes = [
        process(1, 0, "init"),
        process(2, 0, "kthreadd"),
        process(7, 2, "kworker"),
        process(9, 1, "sh"),
    ]
    return [
        pictures.physical_memory(found),
        pictures.process_tree(processes),
        pictures.timeline(processes),
        pictures.structure(types["cred"]),
        pictures.module_evidence({"list": ["a"], "sysfs": ["a", "b"], "BTF": None}),
    ]


def test_every_picture_carries_a_description_wherever_it_goes(all_pictures: list[Picture]) -> None:
    for picture in all_pictures:
        assert len(picture.description) > 60 and picture.description.endswith(".")
        shown = picture._repr_mimebundle_()
        assert shown["text/plain"] == picture.description
        assert f'alt="{picture.description[:20]}'.replace("'", "&#x27;") in shown["text/html"]
        assert picture.description.split(".")[0].replace("'", "&apos;")[:40] in picture.svg().replace(
            "&#x27;", "&apos;"
        )
        assert picture.description.encode("latin-1", "replace")[:40] in picture.png()


def test_every_picture_is_grey(all_pictures: list[Picture]) -> None:
    for picture in all_pictures:
        picture.draw_without_rendering()
        colours = [text.get_color() for text in picture.findobj(Text)]
        colours += [box.get_facecolor() for box in picture.findobj(Rectangle)]
        colours += [colour for marks in picture.findobj(Collection) for colour in marks.get_facecolors()]
        assert all(max(to_rgb(colour)) - min(to_rgb(colour)) < 0.01 for colour in colours)
        assert all(image.get_cmap().name == "Greys" for image in picture.findobj(AxesImage))


def test_the_same_picture_is_the_same_file(found: PhysicalMap) -> None:
    first, second = (pictures.physical_memory(found) for _ in range(2))
    assert first.svg() == second.svg()
    target = io.BytesIO()
    first.savefig(target, format="pdf")
    assert target.getvalue().startswith(b"%PDF")


def test_names_from_an_image_are_no_formulas() -> None:
    names = ["$\\frac{1}{0}$", "a\x1b[31mb\u202ec", "x" * 5000]
    picture = pictures.process_tree([process(at, 0, name) for at, name in enumerate(names, 1)])
    picture.draw_without_rendering()
    shown = words(picture)
    assert "$\\frac{1}{0}$  1" in shown and "a?[31mb?c  2" in shown
    assert max(map(len, shown)) < 40
    evil = pictures.module_evidence({names[0]: [names[0]], names[1]: [names[2]]})
    evil.draw_without_rendering()
    pictures.timeline([process(1, 0, names[0]), process(2, 1, names[1], 9)]).draw_without_rendering()


@pytest.mark.parametrize("library", [pandas.DataFrame, polars.DataFrame, list])
def test_rows_come_from_any_library(library: Callable[..., Any]) -> None:
    rows = [process(1, 0, "init"), {**process(5, 1, "sh"), "CREATION TIME": None}]
    lines, _ = tree_of(rows_of(library(rows)))
    assert [(line.depth, line.name, line.note) for line in lines] == [
        (0, "init", "2026-11-27 08:00:00"),
        (1, "sh", ""),
    ]
    assert len(events_of(library(rows))) == 1


# --- physical memory ---


def test_strips_show_how_much_of_each_piece_is_used_so(found: PhysicalMap) -> None:
    picture = pictures.physical_memory(found)
    (image,) = picture.findobj(AxesImage)
    data = np.asarray(image.get_array())
    labels = [label.get_text() for label in picture.axes[0].get_yticklabels()]
    row = labels.index(NAMES[Use.PAGE_CACHE])
    uses = [use for use in NAMES if NAMES[use] in labels]
    shares = shares_of(found, uses)
    assert data.shape == shares.shape
    assert shares.sum(axis=0) == pytest.approx(np.ones(shares.shape[1]))
    assert shares[row].mean() * len(found.uses) * found.page == pytest.approx(
        found.size_of(Use.PAGE_CACHE), rel=0.01
    )
    assert ((data[row] > 0) == (shares[row] > 0)).all()
    assert data[data > 0].min() >= 0.25


def test_one_page_is_seen_and_damage_told(found: PhysicalMap) -> None:
    uses = found.uses.copy()
    uses[1000] = Use.ZEROED
    picture = pictures.physical_memory(PhysicalMap(found.page, found.start, uses, ("one page is zero",)))
    (image,) = picture.findobj(AxesImage)
    row = [label.get_text() for label in picture.axes[0].get_yticklabels()].index("zeroed BTF")
    assert np.count_nonzero(np.asarray(image.get_array())[row]) == 1
    assert "Zeroed BTF lies between 0x3e8000 and 0x3e8fff" in picture.description
    assert picture.description.endswith("One page is zero.")


def test_what_is_always_shown_is_shown_where_there_is_none() -> None:
    picture = pictures.physical_memory(PhysicalMap(4096, 0, np.full(8, Use.FREE, np.uint8)))
    labels = [label.get_text() for label in picture.axes[0].get_yticklabels()]
    assert "BTF" in labels and "zeroed BTF" not in labels and words(picture).count("none") == 6


# --- processes and time ---


def test_the_tree_is_the_guests(dump: GetDump, session_vol: Vol) -> None:
    rows = session_vol("linux.pslist", image=dump(RICH).raw).rows
    lines, left_out = tree_of(rows_of(rows))
    assert left_out == 0
    parents = {line.pid: None if line.parent is None else lines[line.parent].pid for line in lines}
    told = {int(each["pid"]): int(each["ppid"]) for each in dump(RICH).truth["processes"]}
    assert len(parents) > 15
    assert {pid: told[pid] for pid, parent in parents.items() if parent and pid in told} == {
        pid: parent for pid, parent in parents.items() if parent and pid in told
    }
    threads = sum(row["PPID"] == 2 for row in rows)
    assert f"kthreadd (2) has {threads} kernel threads." in pictures.process_tree(rows).description
    assert len(tree_of(rows_of(rows), kernel_threads=True)[0]) == len(rows)


def test_a_process_without_its_parent_says_so() -> None:
    picture = pictures.process_tree([process(1, 0, "init"), process(40, 39, "miner")])
    assert "parent 39 is not in the list" in " ".join(words(picture))
    assert picture.description.endswith("Parents are not in the list of miner (40).")


def test_processes_that_are_each_others_parents_are_all_there() -> None:
    lines, left_out = tree_of(rows_of([process(5, 6, "a"), process(6, 5, "b"), process(7, 7, "c")]))
    assert sorted(line.pid for line in lines) == [5, 6, 7] and left_out == 0


def test_events_are_where_and_when_the_plugins_say(dump: GetDump, session_vol: Vol) -> None:
    processes = session_vol("linux.pslist", image=dump(RICH).raw).rows
    files = session_vol("linux.pagecache.Files", image=dump(RICH).raw).rows
    picture = pictures.timeline(processes, files)
    events = events_of(processes, files)
    own = [event for event in events if event.lane == PROCESS]
    assert len(own) == sum(2 not in (row["PID"], row["PPID"]) for row in processes)
    assert f"Process started: {len(own)} times" in picture.description
    marks = picture.findobj(Collection)
    assert len(marks) == len(LANES)
    for mark, lane in zip(marks, LANES, strict=True):
        shown = np.asarray(mark.get_offsets())[:, 0]
        times = {event.when.timestamp() / 86400 for event in events if event.lane == lane}
        assert len(shown) > 3 and all(min(abs(at - time) for time in times) < 1e-9 for at in shown)


def test_a_timeline_without_events_is_one() -> None:
    assert pictures.timeline([], []).description == "Timeline without an event; 0 lie outside of it."
    late = datetime(2030, 1, 1, tzinfo=timezone.utc)
    assert "1 lie outside" in pictures.timeline([process(1, 0, "init")], start=late).description


# --- structures ---


@pytest.mark.parametrize("name", ["cred", "task_struct", "list_head", "page", "module"])
def test_parts_and_holes_are_a_structures_bytes(types: Types, name: str) -> None:
    struct = types[name]
    assert isinstance(struct, Composite)
    layout = lay_out(struct)
    parts = parts_of(layout)
    assert [part.start for part in parts] == [0, *(part.end for part in parts[:-1])]
    assert parts[-1].end == struct.size
    holes = sum(part.end - part.start for part in parts if part.is_hole)
    unused_bits = sum(field.bit_hole for field in layout.fields) + layout.bit_padding
    assert 0 <= holes - layout.hole_bytes - layout.padding <= unused_bits // 8
    picture = pictures.structure(struct)
    picture.draw_without_rendering()
    hatched = [box for box in picture.findobj(Rectangle) if box.get_hatch()]
    assert bool(hatched) == any(part.is_hole for part in parts)
    assert f"{struct.size} bytes, {len(layout.fields)} members" in picture.description


def test_members_are_named_as_c_declares_them(types: Types) -> None:
    assert "struct key *session_keyring" in words(pictures.structure(types["cred"]))


def test_the_middle_of_what_is_large_is_left_out(types: Types) -> None:
    struct = types["task_struct"]
    assert isinstance(struct, Composite)
    parts = parts_of(lay_out(struct))
    rows = rows_shown(parts, range(struct.size // 64), 64)
    assert None in rows and len(rows) < struct.size // 64
    borders = {part.start // 64 for part in parts}
    assert borders <= set(rows) | {struct.size // 64}


def test_what_is_no_struct_has_no_layout(types: Types) -> None:
    with pytest.raises(TypeError, match="is no struct"):
        pictures.structure(types["int"])


# --- modules ---


def test_contradictions_come_first_and_what_cannot_be_read_is_no_witness() -> None:
    witnesses = {"list": ["b", "c-d"], "sysfs": ["a", "b", "c_d"], "scan": None}
    assert table_of(witnesses) == {
        "a": (False, True, None),
        "b": (True, True, None),
        "c_d": (True, True, None),
    }
    picture = pictures.module_evidence(witnesses)
    names = [text for text in words(picture) if text in ("a", "b", "c_d")]
    assert names == ["a", "b", "c_d"]
    assert "a is known to sysfs, and not to list." in picture.description
    assert picture.description.endswith("Could not be read: scan.")
    assert "b" not in words(pictures.module_evidence(witnesses, only_contradictions=True))
    assert "Nothing contradicts anything." in pictures.module_evidence({"list": ["a"]}).description
