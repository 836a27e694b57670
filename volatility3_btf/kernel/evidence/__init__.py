# SPDX-License-Identifier: Apache-2.0
"""What a kernel says of itself in memory: who it is, where it lies, whether it runs, what contradicts."""
