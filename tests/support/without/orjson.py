# SPDX-License-Identifier: Apache-2.0
"""Stands in for a module that cannot be had for this Python or system."""

raise ImportError("taken away by the tests")
