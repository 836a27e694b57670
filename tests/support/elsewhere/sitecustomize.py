# SPDX-License-Identifier: Apache-2.0
"""Makes this process behave, to this project and to Volatility, as if it ran on another system.

Python runs this at its start where the folder is on its path. Python's own modules and other libraries keep
what they need; those of the project and of Volatility are given modules that lack what the other system's
lack (`$BTF_ELSEWHERE` names a file that `support.typeshed.lacking` has filled). On Windows, beside that,
nothing that anybody has open is renamed, replaced or deleted, nothing is renamed to a name that is taken, no
file can have certain names, and what is not opened as binary is no good for bytes.
"""

from __future__ import annotations

import builtins
import errno
import json
import os
import re
import sys

ASKING = ("volatility3_btf", "volatility3")
BINARY, NO_INHERIT = 1 << 28, 1 << 29
FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f\\]|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)', re.IGNORECASE)

with open(os.environ["BTF_ELSEWHERE"], encoding="utf-8") as _file:
    SYSTEM, LACKING = json.load(_file)
IS_WINDOWS = SYSTEM == "win32"


class Module:
    """A module as the other system has it."""

    def __init__(self, real, lacking, instead):
        for name, value in {"_real": real, "_lacking": frozenset(lacking), **instead}.items():
            object.__setattr__(self, name, value)

    def __getattr__(self, name):
        if name in self._lacking:
            raise AttributeError(f"module {self._real.__name__!r} has no {name!r} on {SYSTEM}")
        return getattr(self._real, name)

    def __setattr__(self, name, value):
        setattr(self._real, name, value)


def binary_open(path, flags, *arguments, **named):
    if not flags & BINARY:
        raise OSError(errno.EINVAL, "opened as text, which changes bytes", path)
    return os.open(path, flags & ~(BINARY | NO_INHERIT), *arguments, **named)


def instead_of(name):
    if name == "sys":
        return {"platform": SYSTEM}
    if name == "os" and IS_WINDOWS:
        return {"name": "nt", "O_BINARY": BINARY, "O_NOINHERIT": NO_INHERIT, "open": binary_open}
    return {}


_modules: dict[str, Module] = {}
_real_import = builtins.__import__


def import_elsewhere(name, globals=None, locals=None, fromlist=(), level=0):
    """`import`, which hands modules of Python's own out as the other system has them."""
    asking = (globals or {}).get("__name__", "").partition(".")[0]
    if level or asking not in ASKING:
        return _real_import(name, globals, locals, fromlist, level)
    module = name if fromlist else name.partition(".")[0]
    lacking = LACKING.get(module, [])
    if lacking is None:
        raise ModuleNotFoundError(f"No module named {module!r} on {SYSTEM}", name=module)
    found = _real_import(name, globals, locals, fromlist, level)
    if not lacking and not instead_of(module):
        return found
    if module not in _modules:
        _modules[module] = Module(found, lacking, instead_of(module))
    return _modules[module]


def is_open(path):
    """Whether any process has a file open."""
    wanted = os.path.realpath(path)
    for process in os.listdir("/proc"):
        if process.isdigit():
            try:
                folder = f"/proc/{process}/fd"
                if any(os.readlink(f"{folder}/{number}") == wanted for number in os.listdir(folder)):
                    return True
            except OSError:
                continue
    return False


def refuse_as_windows_does(event, arguments):
    if event == "open":
        path, _, flags = arguments
        if isinstance(path, str | bytes | os.PathLike) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            check_name(path)
    elif event == "os.mkdir":
        check_name(arguments[0])
    elif event == "os.rename":
        check_name(arguments[1])
        refuse_if_open(arguments[0])
        refuse_if_open(arguments[1])
    elif event == "os.remove":
        refuse_if_open(arguments[0])


def check_name(path):
    name = os.path.basename(os.fsdecode(path).rstrip("/"))
    if FORBIDDEN.search(name):
        raise OSError(errno.EINVAL, "Invalid argument", path)


def refuse_if_open(path):
    if os.path.exists(path) and is_open(path):
        raise PermissionError(errno.EACCES, "The process cannot access the file", path)


def rename(source, target, **named):
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, "Cannot create a file when that file already exists", target)
    _real_rename(source, target, **named)


if IS_WINDOWS:
    sys.addaudithook(refuse_as_windows_does)
    _real_rename, os.rename = os.rename, rename
builtins.__import__ = import_elsewhere
