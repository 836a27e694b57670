# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Which options of linux.btftypes go together."""

from __future__ import annotations

from typing import Any, Final

from volatility3.framework import interfaces

_QUESTIONS: Final = ("members", "functions", "diff", "header")
"""Options each of which asks for something else than types; only one can be answered at a time."""

_NOT_NARROWED: Final = {
    "members": "--members searches all structs and unions: leave --type out",
    "header": "--header writes all types: leave --type out",
}


def refusal(config: interfaces.configuration.HierarchicalDict) -> str | None:
    """Why a question cannot be answered, in one line; None where it can."""
    asked = [name for name in _QUESTIONS if _is_given(config.get(name, None))]
    if len(asked) > 1:
        return f"{' and '.join(f'--{name}' for name in asked)} cannot be asked for at once"
    if asked and _is_given(config.get("type", None)):
        return _NOT_NARROWED.get(asked[0])
    return None


def _is_given(value: Any) -> bool:
    """Whether a user gave an option; an empty file name is one."""
    return value is not None and value is not False and value != []
