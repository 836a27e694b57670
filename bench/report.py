# SPDX-License-Identifier: Apache-2.0
"""What a race gave: tables, and targets that are met or not, as Markdown and as JSON."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

START, END = "<!-- bench: start -->", "<!-- bench: end -->"
"""Between these lines of a document `make bench` writes its results."""


@dataclass(frozen=True)
class Target:
    """What is wanted of a figure.

    Attributes:
        text: what the figure is.
        figure: what was measured.
        sign: whether the limit is the least or the most that the figure may be.
        limit: the limit.
        unit: what stands behind both.
    """

    text: str
    figure: float
    sign: Literal["≥", "≤"]
    limit: float
    unit: str = "×"

    @property
    def is_met(self) -> bool:
        """Whether the figure keeps to the limit."""
        return self.figure >= self.limit if self.sign == "≥" else self.figure <= self.limit

    @property
    def row(self) -> str:
        """A line of a Markdown table."""
        verdict = "met" if self.is_met else "**not met**"
        wanted = f"{self.sign} {self.limit:g} {self.unit}"
        return f"| {self.text} | {wanted} | {self.figure:.2f} {self.unit} | {verdict} |"


@dataclass
class Section:
    """The result of one race.

    Attributes:
        title: what was raced.
        command: what makes it again.
        body: Markdown: what was done, and the tables.
        targets: what was wanted.
        figures: everything measured, unrounded.
        failed: whether it did not come to its end.
        taken: the day.
    """

    title: str
    command: str
    body: str
    targets: list[Target] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    failed: bool = False
    taken: str = ""

    @property
    def markdown(self) -> str:
        """The section of a document."""
        parts = [f"### {self.title}", ", ".join(filter(None, [f"`{self.command}`", self.taken])), self.body]
        if self.targets:
            lines = ["| target | wanted | measured | |", "|---|--:|--:|---|"]
            parts.append("\n".join([*lines, *(target.row for target in self.targets)]))
        return "\n\n".join(parts)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are figures."""
    lines = [f"| {' | '.join(header)} |", "|---|" + "--:|" * (len(header) - 1)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def save(path: Path, sections: Iterable[Section]) -> None:
    """Write sections as JSON."""
    path.write_text(json.dumps([asdict(section) for section in sections], indent=1, default=str) + "\n")


def load(path: Path) -> list[Section]:
    """Read what `save` wrote."""
    return list(map(_section, json.loads(path.read_text())))


def save_all(path: Path, results: Mapping[str, Iterable[Section]]) -> None:
    """Write the sections of several races as JSON."""
    content = {name: [asdict(section) for section in sections] for name, sections in results.items()}
    path.write_text(json.dumps(content, indent=1, default=str) + "\n")


def load_all(path: Path) -> dict[str, list[Section]]:
    """Read what `save_all` wrote; nothing if there is no such file."""
    if not path.exists():
        return {}
    return {name: list(map(_section, entries)) for name, entries in json.loads(path.read_text()).items()}


def _section(entry: dict[str, Any]) -> Section:
    targets = [Target(**target) for target in entry["targets"]]
    return Section(**{**entry, "targets": targets})


def summary(sections: Sequence[Section]) -> str:
    """A few lines: how many targets are met, which are not, and which races failed."""
    targets = [target for section in sections for target in section.targets]
    lines = [f"{sum(target.is_met for target in targets)} of {len(targets)} targets are met"]
    lines += [f"not met: {target.row.strip('| ')}" for target in targets if not target.is_met]
    return "\n".join([*lines, *(f"failed: {section.title}" for section in sections if section.failed)])


def add_options(parser: argparse.ArgumentParser) -> None:
    """The option that every race has."""
    parser.add_argument("--json", type=Path, help="write the figures here too")


def show(sections: Sequence[Section], args: argparse.Namespace) -> int:
    """Print what a race gave, and write it where the user wants it; 1 if a target is not met, else 0."""
    for section in sections:
        print(section.markdown + "\n", flush=True)
    if args.json:
        save(args.json, sections)
    return int(not all(target.is_met for section in sections for target in section.targets))


def machine_lines(machine: Mapping[str, str]) -> str:
    """The machine as a Markdown list."""
    return "\n".join(f"- {key}: {value}" for key, value in machine.items())


def replace_block(document: str, block: str) -> str:
    """A document with other text between its marks.

    Raises:
        ValueError: it does not have both marks, once and in order.
    """
    pattern = re.compile(f"{re.escape(START)}.*{re.escape(END)}", re.DOTALL)
    if document.count(START) != 1 or document.count(END) != 1 or not pattern.search(document):
        raise ValueError(f"the document has no {START} … {END}")
    return pattern.sub(lambda _: f"{START}\n\n{block}\n\n{END}", document)
