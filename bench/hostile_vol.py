# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What hostile images cost the real `vol`, beside an honest one: `bench/hostile_vol.py RAW_DUMP`.

As bench/hostile.py, but whole commands: seconds of processor time and MiB resident at most, the start of
Volatility (about half a second) included. Prints a Markdown table.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "tests"), str(CHECKOUT / "tools")]

from support import bombs  # noqa: E402
from support.costs import honest  # noqa: E402
from support.volcosts import COMMANDS, VolCost, vol_cost  # noqa: E402
from support.volrunner import Vol  # noqa: E402


def row(name: str, costs: list[VolCost]) -> str:
    """One line of the table."""
    cells = [f"{cost.seconds:.1f} s, {cost.memory >> 20} MiB" for cost in costs]
    wrong = [cost for cost in costs if cost.returncode not in (0, 1) or "Traceback" in cost.stderr]
    return f"| {name} | {' | '.join(cells)} |{' BROKEN' if wrong else ''}"


def main() -> None:
    """Measure all and print the table."""
    print("| image | " + " | ".join(f"`{command}`" for command in COMMANDS) + " |")
    print("|---|" + "--:|" * len(COMMANDS))
    with tempfile.TemporaryDirectory() as folder:
        image, vol = Path(folder, "image"), Vol(Path(folder, "vol"))
        for name in ("an honest one", *bombs.BOMBS):
            if name in bombs.BOMBS:
                bombs.write(name, image)
            else:
                honest(Path(sys.argv[1]), image)
            print(row(name, [vol_cost(vol, image, command) for command in COMMANDS]), flush=True)


if __name__ == "__main__":
    main()
