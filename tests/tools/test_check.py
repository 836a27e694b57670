# SPDX-License-Identifier: Apache-2.0
"""What `make check` stands on: a test that asks for no dump gets none, and nothing from the network."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dumpmaker import cache
from support.checkout import CHECKOUT

CONFTEST = (CHECKOUT / "tests/conftest.py").read_text()
TESTS = """
import pytest

@pytest.fixture(scope="module")
def image(dump): ...

def test_of_bytes(): ...
def test_of_a_dump(dump): ...
def test_of_a_part_of_one(image): ...
@pytest.mark.slow
def test_that_takes_long(): ...
"""


def test_there_is_no_dump_without_the_fixture() -> None:
    with pytest.raises(NotADirectoryError):
        cache.dump("amd64-6.1")


def test_what_is_started_gets_nothing_from_the_network() -> None:
    """Not even from this machine."""
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        code = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{server.server_port}')"
        asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        direct = code.replace("r.urlopen", "r.build_opener(r.ProxyHandler({})).open")
        answered = subprocess.run([sys.executable, "-c", direct], capture_output=True, text=True)
        server.shutdown()
    assert asked.returncode == 1 and "HTTPError" not in asked.stderr
    assert "HTTPError" in answered.stderr  # 501: the server is there


@pytest.mark.parametrize(("options", "count"), [([], 4), (["--check"], 1)])
def test_a_check_is_of_what_needs_no_dump_and_no_time(options: list[str], count: int, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_them.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-c", str(CHECKOUT / "pyproject.toml"), "--collect-only", "-q"]
    command += ["-o", f"pythonpath={CHECKOUT / 'tools'} {CHECKOUT / 'tests'}", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, *options, str(tmp_path)], capture_output=True, text=True, check=False)
    listed = [line for line in done.stdout.splitlines() if "::" in line]
    assert len(listed) == count, done.stdout
    assert listed[0].endswith("::test_of_bytes")
