# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""A plugin's options as keywords: `pid=[1, 437]` for what is `--pid 1 437` on the command line."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from volatility3.framework import interfaces
from volatility3.framework.configuration import requirements

from ..errors import OptionError
from .names import Plugin

Requirement: TypeAlias = interfaces.configuration.RequirementInterface
Value: TypeAlias = "bool | int | str | bytes | list[Any] | None"

_KINDS: Final = (
    interfaces.configuration.SimpleTypeRequirement,
    requirements.ListRequirement,
    requirements.ChoiceRequirement,
)


def options_of(plugin: Plugin) -> dict[str, Requirement]:
    """What a plugin can be told, by keyword."""
    return {
        str(each.name).replace("-", "_"): each
        for each in plugin.kind.get_requirements()
        if isinstance(each, _KINDS)
    }


def configuration(plugin: Plugin, given: Mapping[str, Any]) -> dict[str, Value]:
    """Keywords as Volatility's configuration has them, by the requirement's name.

    Raises:
        OptionError: the plugin has no such option, or the value is of the wrong kind.
    """
    known = options_of(plugin)
    unknown = [name for name in given if name not in known]
    if unknown:
        has = f"its options are {', '.join(known)}" if known else "it has no options"
        raise OptionError(f"{plugin.name} has no option {', '.join(unknown)}: {has}")
    values = {name: _value(plugin, name, known[name], value) for name, value in given.items()}
    return {str(known[name].name): value for name, value in values.items() if value is not None}


def needed(plugin: Plugin, unsatisfied: Iterable[str]) -> str:
    """Which options a plugin cannot do without, for a message; empty if it misses something else."""
    names = {path.rpartition(".")[2] for path in unsatisfied}
    missing = {key: each for key, each in options_of(plugin).items() if each.name in names}
    return "; ".join(f"{key} ({each.description})" for key, each in missing.items())


def from_words(plugin: Plugin, words: list[str]) -> dict[str, Any]:
    """Options as on the command line, `--pid 1 437 --dump`, as keywords.

    Raises:
        OptionError: the words are no options of this plugin.
    """
    known = options_of(plugin)
    given: dict[str, list[str]] = {}
    last = ""
    for word in words:
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            last = name.replace("-", "_")
            given[last] = [value] if value else []
        elif last:
            given[last].append(word)
        else:
            raise OptionError(f"{word!r} is no option of {plugin.name}: options begin with --")
    return {name: _from_text(known.get(name), texts) for name, texts in given.items()}


def _from_text(known: Requirement | None, texts: list[str]) -> Any:
    """The value that words of a command line stand for."""
    try:
        if isinstance(known, requirements.BooleanRequirement):
            return not texts or texts[0].lower() in ("1", "true", "yes")
        if isinstance(known, requirements.ListRequirement):
            return [int(text, 0) if known.element_type is int else text for text in texts]
        if isinstance(known, requirements.IntRequirement):
            return int(" ".join(texts), 0)
    except ValueError as error:
        raise OptionError(f"an option wants a number: {error}") from error
    return " ".join(texts)


def _value(plugin: Plugin, name: str, known: Requirement, value: Any) -> Value:
    """A keyword's value as the requirement wants it."""
    if value is None:
        return None
    try:
        if isinstance(known, requirements.ListRequirement):
            many = value if isinstance(value, Iterable) and not isinstance(value, (str, bytes)) else [value]
            return [_simple(known.element_type, each) for each in many]
        if isinstance(known, requirements.ChoiceRequirement):
            if value not in known.choices:
                raise TypeError(f"one of {', '.join(known.choices)}")
            return str(value)
        if isinstance(known, requirements.URIRequirement):
            text = os.fspath(value)
            return str(requirements.URIRequirement.location_from_file(text))
        if isinstance(known, interfaces.configuration.SimpleTypeRequirement):
            simple: Value = _simple(known.instance_type, value)
            return simple
        raise TypeError("something that can be said on the command line only")
    except (TypeError, ValueError) as error:
        raise OptionError(f"{plugin.name}: {name}={value!r} is not {error}") from error


def _simple(kind: type, value: Any) -> Any:
    """A value of one of the kinds that options have; TypeError says what is wanted."""
    if kind is bool:
        if not isinstance(value, bool):
            raise TypeError("True or False")
        return value
    if kind is int:
        try:
            return operator.index(value)
        except TypeError:
            raise TypeError("an integer") from None
    if kind is str:
        return os.fspath(value) if isinstance(value, os.PathLike) else _exactly(str, value, "a text")
    return _exactly(kind, value, kind.__name__)


def _exactly(kind: type, value: Any, name: str) -> Any:
    if not isinstance(value, kind):
        raise TypeError(name)
    return value
