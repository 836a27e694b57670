# SPDX-License-Identifier: Apache-2.0
"""Files that hold one kernel: one file a format."""
