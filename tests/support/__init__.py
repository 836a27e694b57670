# SPDX-License-Identifier: Apache-2.0
"""What the tests share, and the scripts beside them; `tests/` is on their path."""
