# SPDX-License-Identifier: Apache-2.0
"""What `make parity` found, as JSON for programs and as a page for people."""

from __future__ import annotations

from collections import Counter
from typing import Any


def page(results: dict[str, Any]) -> str:
    """The results of all kernels as a page of Markdown."""
    lines = ["# Our symbol tables beside the kernels' own DWARF", ""]
    for name, result in results.items():
        lines += _kernel(name, result)
    return "\n".join(lines) + "\n"


def _kernel(name: str, result: dict[str, Any]) -> list[str]:
    lines = [f"## {name}", "", f"Ours: {result['ours']}. Reference: {result['reference']}."]
    if result.get("note"):
        lines += ["", f"**{result['note']}** Nothing here speaks of dwarf2json's own output or cost."]
    lines += [""]
    if "types" in result:
        lines += _types(result)
    if "symbols" in result:
        lines += _symbols(result["symbols"])
    if "plugins" in result:
        lines += _plugins(result["plugins"])
    return lines


def _types(result: dict[str, Any]) -> list[str]:
    lines = ["| | equal | different | explained | not explained | missing |", "|---|--:|--:|--:|--:|--:|"]
    for what in ("types", "enums"):
        part = result[what]
        explained = sum(part["explained"].values())
        lines.append(
            f"| {what} | {part['equal']} | {part['different']} | {explained} "
            f"| {len(part['unexplained'])} | {part['missing']} |"
        )
    lines.append("")
    reasons = Counter(result["types"]["explained"]) + Counter(result["enums"]["explained"])
    lines += [f"- explained, {count}: {reason}" for reason, count in reasons.most_common()]
    for what in ("types", "enums"):
        lines += [f"- **not explained**, {n}: {text}" for n, text in result[what]["unexplained"].items()]
    return [*lines, ""]


def _symbols(part: dict[str, Any]) -> list[str]:
    share, agreement = part["share typed the same"], part["agreement"]
    lines = [
        f"Of {part['typed by the reference']} symbols that the reference types, {part['same type']} "
        f"({share:.1%}) have the same type in ours, {len(part['contradicted'])} another "
        f"(agreement {agreement:.3%}), {part['void in ours']} are void; {part['typed in ours only']} more "
        f"are typed in ours only. At another address: {part['at another address']}.",
        "",
    ]
    return [*lines, *(f"- contradicted, {n}: {text}" for n, text in part["contradicted"].items()), ""]


def _plugins(part: dict[str, Any]) -> list[str]:
    counts = Counter(entry["verdict"] for entry in part.values())
    lines = [", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()) + ".", ""]
    lines += ["| plugin | result | rows | seconds: ours | reference | |", "|---|---|--:|--:|--:|---|"]
    for name, entry in part.items():
        remark = str(entry.get("remark", "")).replace("|", "\\|").replace("\n", " ")
        cells = [name, *(entry[key] for key in ("verdict", "rows", "ours", "reference")), remark]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return [*lines, ""]
