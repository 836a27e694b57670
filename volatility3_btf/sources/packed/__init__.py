# SPDX-License-Identifier: Apache-2.0
"""Compressed data: recognised by its first bytes, unpacked piece by piece, never more than a bound."""
