# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Symbol files of the user's that cannot serve; plugins that want a layer and no kernel."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from volatility3 import schemas

from support.checkout import CHECKOUT
from support.oldform import OLD_FORM
from support.pluginruns import give_isf
from support.situations.bench import PSLIST, Bench, Case, Situation
from support.volrunner import Result

FILES, LAYERS = "symbol files of the user's", "plugins that want a layer"
MAIN, LA57 = "amd64-6.1", "amd64-6.12-la57"
SEARCH = ("regexscan.RegExScan", "--pattern", "Linux version [0-9.]+")
GONE = "http://127.0.0.1:9/gone.json.xz"


def _own(name: str, bench: Bench, words: tuple[str, ...] = PSLIST) -> Case:
    give_isf(bench.vol, bench.shared.isf(name))
    return Case(bench.dump(name).raw, bench.dump(name), (), words, _for(words, name, bench))


def _of_another_kernel(bench: Bench) -> Case:
    give_isf(bench.vol, bench.shared.isf("amd64-6.12"))
    return Case(bench.dump(MAIN).raw, bench.dump(MAIN))


def _changed(change: Callable[[dict[str, Any]], None], bench: Bench) -> Case:
    content = json.loads(bench.shared.isf(MAIN).read_text())
    content["metadata"]["producer"] = {"name": "somebody", "version": "1"}
    change(content)
    _given(bench, content)
    return Case(bench.dump(MAIN).raw, bench.dump(MAIN))


def _given(bench: Bench, content: dict[str, Any]) -> None:
    """Put it where the user's files are; that it is valid, which takes a minute to find, is known."""
    (bench.vol.symbols / "own.json").write_text(json.dumps(content))
    record = bench.vol.cache / "volatility3/valid_isf.hashcache"
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps([schemas.create_json_hash(content)]))


def _no_types(content: dict[str, Any]) -> None:
    content["user_types"] = {}


def _no_symbols(content: dict[str, Any]) -> None:
    content["symbols"] = {"linux_banner": content["symbols"]["linux_banner"]}


def _no_member(content: dict[str, Any]) -> None:
    del content["user_types"]["task_struct"]["fields"]["pid"]


def _another_build(content: dict[str, Any]) -> None:
    content["symbols"]["init_task"]["address"] += 64


def _cut(bench: Bench) -> Case:
    text = bench.shared.isf(MAIN).read_text()
    (bench.vol.symbols / "own.json").write_text(text[: len(text) // 2])
    return Case(bench.dump(MAIN).raw, bench.dump(MAIN))


def _remote(bench: Bench, offline: bool) -> Case:
    banner = bench.kernel(MAIN).banner
    assert banner is not None
    listed = {base64.b64encode(banner.rstrip(b"\n\0")).decode(): [GONE]}
    remote = bench.folder / "banners.json"
    remote.write_text(json.dumps({"version": 1, "linux": listed}))
    options: tuple[str | Path, ...] = ("--remote-isf-url", remote.as_uri())
    if offline:
        bench.vol(*options, "linux.pslist", image=bench.dump(MAIN).raw)
        options = ("--offline",)
    return Case(bench.dump(MAIN).raw, bench.dump(MAIN), options)


def _plain(name: str, words: tuple[str, ...], bench: Bench) -> Case:
    return Case(bench.dump(name).raw, bench.dump(name), (), words, _for(words, name, bench))


def _for(words: tuple[str, ...], name: str, bench: Bench) -> Callable[[Result], bool] | None:
    """How the rows of a search are judged: `linux_banner` is among them, where the guest said."""
    there = int(bench.dump(name).truth["symbols"]["linux_banner"], 16)
    if words == SEARCH:
        return lambda result: any((row["Offset"] ^ there) & (1 << 47) - 1 == 0 for row in result.rows)
    if words[0] == "linux.vmaregexscan":
        return lambda result: len(result.rows) > 0
    return None


def _old_form(name: str, bench: Bench) -> Case:
    folder = bench.folder / "plugins"
    (folder / "linux").mkdir(parents=True)
    (folder / "linux/oldform.py").write_text(OLD_FORM)
    return Case(
        bench.dump(name).raw,
        bench.dump(name),
        ("-p", f"{CHECKOUT / 'plugins'};{folder}"),
        ("linux.oldform",),
        lambda result: [row["Name"] for row in result.rows] == ["swapper/0"],
    )


def _in_processes(bench: Bench) -> Case:
    guest, words = bench.dump(MAIN), ("linux.vmaregexscan", "--pattern", "busybox")
    return Case(guest.raw, guest, ("--parallelism", "processes"), words, _for(words, MAIN, bench))


SITUATIONS = (
    Situation(FILES, "one that serves", lambda bench: _own(MAIN, bench)),
    Situation(FILES, "one that serves, 5 levels", lambda bench: _own(LA57, bench)),
    Situation(FILES, "one of another kernel", _of_another_kernel),
    Situation(FILES, "a remote list names one that is gone", lambda bench: _remote(bench, False)),
    Situation(FILES, "the same, later and --offline", lambda bench: _remote(bench, True)),
    Situation(FILES, "one without types", lambda bench: _changed(_no_types, bench)),
    Situation(FILES, "one without symbols", lambda bench: _changed(_no_symbols, bench)),
    Situation(FILES, "one whose task_struct has no pid", lambda bench: _changed(_no_member, bench)),
    Situation(
        FILES, "one of another build with the same banner", lambda bench: _changed(_another_build, bench)
    ),
    Situation(FILES, "one that was cut", _cut),
    Situation(FILES, "one of a kernel for arm64", lambda bench: _own("arm64-6.12", bench)),
    Situation(FILES, "one of a kernel for s390x", lambda bench: _own("s390x-6.12", bench)),
    Situation(LAYERS, "regexscan", lambda bench: _plain(MAIN, SEARCH, bench)),
    Situation(LAYERS, "regexscan, 5 levels", lambda bench: _plain(LA57, SEARCH, bench)),
    Situation(
        LAYERS, "regexscan, 5 levels, the user has a symbol file", lambda bench: _own(LA57, bench, SEARCH)
    ),
    Situation(LAYERS, "regexscan, arm64", lambda bench: _plain("arm64-6.12", SEARCH, bench)),
    Situation(LAYERS, "a plugin of the old form", lambda bench: _old_form(MAIN, bench)),
    Situation(LAYERS, "a plugin of the old form, 5 levels", lambda bench: _old_form(LA57, bench)),
    Situation(LAYERS, "vmaregexscan in several processes", _in_processes),
)
