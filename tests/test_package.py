# SPDX-License-Identifier: Apache-2.0
"""What the package contains, under which licence, and which part may import which."""

from __future__ import annotations

import ast
import email
import email.message
import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.checkout import CHECKOUT

LIBRARY, PLUGINS = CHECKOUT / "volatility3_btf", CHECKOUT / "plugins"
APACHE, VSL = "Apache-2.0", "LicenseRef-VSL-1.0"

# What each part of the library may import of the others; "" is volatility3_btf/__init__.py.
MAY_IMPORT: dict[str, set[str]] = {
    "version": set(),
    "limits": set(),
    "arrays": set(),
    "bits": set(),
    "system": set(),
    "byte_search": set(),
    "btf": {"limits", "arrays", "byte_search"},
    "memory": {"system", "byte_search"},
    "files": {"memory", "system"},
    "survey": {"memory", "limits"},
    "blobs": {"memory", "btf", "limits", "arrays", "survey"},
    "kernel": {"memory", "limits", "arrays", "bits", "byte_search", "btf", "blobs", "survey"},
    "sources": {"memory", "arrays", "files", "btf", "blobs", "kernel"},
    "isf": {"bits", "blobs", "btf", "kernel", "system", "version"},
    "pictures": {"btf", "kernel"},
    "": {"files", "blobs", "kernel", "isf", "sources", "version"},
    "pipes": {"system"},
    "library": {"bits", "memory", "survey", "files", "btf", "kernel", "sources", "isf", "version", "system"},
    "cli": {"btf", "isf", "kernel", "sources", "library"},
    "vol": {
        "memory",
        "byte_search",
        "limits",
        "bits",
        "system",
        "files",
        "btf",
        "survey",
        "blobs",
        "kernel",
        "isf",
        "pipes",
        "sources",
        "version",
        "",
    },
    "notebook": {"bits", "files", "btf", "kernel", "pipes", "vol", ""},
    "__main__": {"pipes"},  # it loads what a command needs when the command is given
}

# The same of the folders in a part. What lies beside them in the part's own folder is what they share, and
# the part's front.
INSIDE: dict[str, dict[str, set[str]]] = {
    "btf": {
        "format": set(),
        "recover": {"format"},
        "views": {"format"},
        "c": {"format", "views"},
    },
    "files": {"kdump": set()},
    "kernel": {
        "paging": set(),
        "kallsyms": set(),
        "evidence": {"kallsyms"},
        "arch": {"paging", "evidence"},
        "home": {"kallsyms", "evidence", "arch", "paging"},
        "identify": {"kallsyms", "evidence", "arch", "paging", "home"},
        "loaded": {"identify"},
        "frames": {"arch", "loaded", "paging"},
    },
    "sources": {
        "packed": set(),
        "images": {"packed"},
        "packages": {"packed"},
    },
    "library": {"compare": set()},
    "vol": {
        "layers": set(),
        "walks": set(),
        "extensions": {"layers", "walks"},
        "objects": set(),
        "symbols": {"layers", "extensions", "objects"},
        "automagic": {"layers", "extensions", "symbols", "walks"},
        "commands": {"layers", "symbols"},
    },
    "notebook": {
        "running": set(),
        "sql": {"running"},
    },
}

MOST_LINES, MOST_FILES = 400, 14
"""Of one file of the library, and of one folder."""


def files() -> list[Path]:
    """Every file of the project that is, or could be, committed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    paths = (CHECKOUT / name for name in sorted(set(listed.split("\0"))) if name)
    return [path for path in paths if path.is_file()]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy so that the checkout stays clean."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for path in files():
        target = source / path.relative_to(CHECKOUT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    command += ["-w", str(out), str(source)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def content(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="session")
def metadata(content: dict[str, bytes]) -> email.message.Message:
    (name,) = (name for name in content if name.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(content[name])


def test_wheel_has_every_module_of_the_library(content: dict[str, bytes]) -> None:
    here = {str(path.relative_to(CHECKOUT)) for path in LIBRARY.rglob("*.py")}
    assert here == {name for name in content if name.startswith("volatility3_btf/") and name.endswith(".py")}


def test_wheel_has_the_data_files_of_the_library(content: dict[str, bytes]) -> None:
    ours = {path for path in files() if path.is_relative_to(LIBRARY) and path.suffix != ".py"}
    assert LIBRARY / "py.typed" in ours
    assert {str(path.relative_to(CHECKOUT)) for path in ours} <= set(content)


def test_wheel_puts_the_plugins_where_volatility_looks(content: dict[str, bytes]) -> None:
    plugins = {f"volatility3/plugins/linux/{path.name}" for path in (PLUGINS / "linux").glob("*.py")}
    assert "volatility3/plugins/linux/btfscan.py" in plugins
    assert plugins == {name for name in content if name.startswith("volatility3/")}


def test_no_init_file_hides_the_plugins_of_volatility(content: dict[str, bytes]) -> None:
    assert not list(PLUGINS.rglob("__init__.py*"))
    assert not [name for name in content if re.fullmatch(r"volatility3/(.*/)?__init__\.py", name)]


def test_wheel_overwrites_no_file_of_volatility(content: dict[str, bytes]) -> None:
    theirs = {str(path) for path in importlib.metadata.files("volatility3") or ()}
    assert "volatility3/plugins/linux/__init__.py" in theirs
    assert not theirs & set(content)


def test_volatilitys_own_linux_plugins_are_still_there() -> None:
    package = importlib.import_module("volatility3.plugins.linux")
    assert package.__file__ and Path(package.__file__).name == "__init__.py"
    assert importlib.util.find_spec("volatility3.plugins.linux.pslist")


def test_each_plugin_file_has_one_plugin() -> None:
    for path in (PLUGINS / "linux").glob("*.py"):
        classes = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
        plugins = [c.name for c in classes if "PluginInterface" in "".join(ast.unparse(b) for b in c.bases)]
        assert len(plugins) == 1, f"{path.name}: {plugins}"


def test_both_licences_are_in_the_wheel(content: dict[str, bytes], metadata: email.message.Message) -> None:
    assert metadata["License-Expression"] == f"{APACHE} AND {VSL}"
    for name in (APACHE, VSL):
        (packed,) = (
            data for path, data in content.items() if path.endswith(f"/licenses/LICENSES/{name}.txt")
        )
        assert packed == (CHECKOUT / f"LICENSES/{name}.txt").read_bytes()


@pytest.mark.parametrize(
    "folder", [PLUGINS, LIBRARY / "vol", LIBRARY / "notebook"], ids=["plugins", "vol", "notebook"]
)
def test_the_licence_of_volatility_lies_beside_its_additions(folder: Path) -> None:
    assert (folder / "LICENSE").read_bytes() == (CHECKOUT / f"LICENSES/{VSL}.txt").read_bytes()


def test_metadata_names_the_dependencies(metadata: email.message.Message) -> None:
    needed = {re.split(r"[^\w-]", line)[0] for line in metadata.get_all("Requires-Dist") or ()}
    assert needed >= {"volatility3", "numpy", "stringzilla", "orjson", "pefile", "pycparser"}
    assert metadata["Requires-Python"] == ">=3.10"


# --- licences ---

WITHOUT_SPDX_LINE = re.compile(
    r"(^|/)LICENSE$|^LICENSES/|^tests/fuzz/crashers/|py\.typed$|\.(json|png|svg|btf|bin)$"
    r"|(^|/)(\.gitattributes|\.gitkeep)$"
)


def spdx(path: Path) -> str | None:
    """The identifier on one of the file's first three lines; of a notebook, in its first cell."""
    most = 12 if path.suffix == ".ipynb" else 3
    head = path.read_bytes()[:1000].decode(errors="replace").splitlines()[:most]
    found = re.search(r"SPDX-License-Identifier: ([\w.-]+)", "\n".join(head))
    return found[1] if found else None


def uses_volatility(path: Path) -> bool:
    """Whether a Python file imports Volatility, or runs it through the tests' `vol` fixtures."""
    if path.suffix != ".py":
        return False
    tree = ast.parse(path.read_text())
    modules = [name.split(".") for name in imported(path, tree)]
    runs = any(words[0] == "volatility3" or words[:2] == ["support", "volrunner"] for words in modules)
    arguments = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return runs or bool(arguments & {"vol", "session_vol"})


def test_every_file_names_its_licence() -> None:
    for path in files():
        name = str(path.relative_to(CHECKOUT))
        if WITHOUT_SPDX_LINE.search(name):
            continue
        assert spdx(path) in (APACHE, VSL), f"{name}: no SPDX line at its top"


def test_additions_to_volatility_are_under_its_licence() -> None:
    for path in files():
        if spdx(path) is None:
            continue
        name = str(path.relative_to(CHECKOUT))
        if name.startswith(("plugins/", "volatility3_btf/vol/", "volatility3_btf/notebook/")):
            assert spdx(path) == VSL, name
        elif name.startswith("volatility3_btf/"):
            assert spdx(path) == APACHE, name
        elif name.startswith(("tests/", "bench/")) and uses_volatility(path):
            assert spdx(path) == VSL, f"{name} runs or imports Volatility"


# --- who imports whom ---


def imported(path: Path, tree: ast.Module) -> Iterator[str]:
    """The full names of all that a file imports, wherever in it; of `from a import b` a.b."""
    package = path.relative_to(CHECKOUT).parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            source = ".".join([*start, *([node.module] if node.module else [])])
            yield from (f"{source}.{alias.name}" for alias in node.names)


def parts_imported(path: Path) -> set[str]:
    """Which parts of the library a file imports."""
    found = set()
    for name in imported(path, ast.parse(path.read_text())):
        words = name.split(".")
        if words[0] == "volatility3_btf":
            found.add(words[1] if len(words) > 1 and words[1] in MAY_IMPORT else "")
    return found


def part_of(path: Path) -> str:
    inside = path.relative_to(LIBRARY)
    return (
        "" if inside.name == "__init__.py" and len(inside.parts) == 1 else inside.parts[0].removesuffix(".py")
    )


@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("*.py")), ids=lambda p: str(p.relative_to(LIBRARY)))
def test_the_library_is_imported_in_one_direction(path: Path) -> None:
    part = part_of(path)
    assert part in MAY_IMPORT, (
        f"{path.name} is a new part of the library: say in MAY_IMPORT what it may import"
    )
    assert parts_imported(path) <= MAY_IMPORT[part] | {part}


FOLDERS = [(part, folder) for part, folders in INSIDE.items() for folder in folders]


@pytest.mark.parametrize(("part", "folder"), FOLDERS, ids=map("/".join, FOLDERS))
def test_so_are_the_folders_of_a_part(part: str, folder: str) -> None:
    others = set(INSIDE[part]) - {folder}
    used = set()
    for path in (LIBRARY / part / folder).glob("*.py"):
        for name in imported(path, ast.parse(path.read_text())):
            words = name.split(".")
            used |= (
                {words[2]} & others if words[:2] == ["volatility3_btf", part] and len(words) > 2 else set()
            )
    assert used <= INSIDE[part][folder]


def test_every_folder_has_its_place() -> None:
    for part, folders in INSIDE.items():
        assert {path.parent.name for path in (LIBRARY / part).glob("*/__init__.py")} == set(folders)


def test_nothing_imports_in_a_circle() -> None:
    """Not even for types: what two files need of each other belongs into a third."""
    files = {module_of(path): path for path in LIBRARY.rglob("*.py")}
    left = {name: modules_imported(path, set(files)) - {name} for name, path in files.items()}
    while free := [name for name, needs in left.items() if not needs & set(left)]:
        for name in free:
            del left[name]
    assert not left


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")


def modules_imported(path: Path, modules: set[str]) -> set[str]:
    """The modules of the library that a file names in its imports."""
    names = set(imported(path, ast.parse(path.read_text())))
    return {name if name in modules else name.rpartition(".")[0] for name in names} & modules


def test_files_are_short_and_folders_small() -> None:
    folders = {path.parent for path in LIBRARY.rglob("*.py")}
    assert {folder.name: len(list(folder.glob("*.py"))) for folder in folders if is_crowded(folder)} == {}
    lines = {path.name: len(path.read_text().splitlines()) for path in LIBRARY.rglob("*.py")}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def is_crowded(folder: Path) -> bool:
    return len(list(folder.glob("*.py"))) > MOST_FILES


def test_only_vol_notebook_and_the_plugins_import_volatility() -> None:
    importing = set()
    for path in [*LIBRARY.rglob("*.py"), *(CHECKOUT / "tools").rglob("*.py")]:
        modules = {name.split(".")[0] for name in imported(path, ast.parse(path.read_text()))}
        if "volatility3" in modules:
            importing.add(path.relative_to(CHECKOUT).parts[:2])
    assert importing == {("volatility3_btf", "vol"), ("volatility3_btf", "notebook")}


def test_an_import_is_seen_in_every_spelling() -> None:
    """The two tests above stand on this one."""
    inside = LIBRARY / "kernel" / "example.py"
    lines = [
        "from ..vol import layers",
        "from .. import isf",
        "import volatility3_btf.blobs.scan",
        "from . import x",
    ]
    text = "\n".join([*lines, "def later():", "    import numpy.typing"])
    names = set(imported(inside, ast.parse(text)))
    assert names >= {"volatility3_btf.vol.layers", "volatility3_btf.isf", "volatility3_btf.blobs.scan"}
    assert names >= {"volatility3_btf.kernel.x", "numpy.typing"}
