# SPDX-License-Identifier: Apache-2.0
"""zstd, from wherever this Python has it."""

import importlib
import sys

zstd = importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
