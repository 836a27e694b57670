# SPDX-License-Identifier: Apache-2.0
"""Where the project lies."""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
