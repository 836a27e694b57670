# SPDX-License-Identifier: Apache-2.0
"""Kernels held against each other: types, symbols, code."""
