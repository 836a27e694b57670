# SPDX-License-Identifier: Apache-2.0
"""Damage in BTF: seen, measured, and undone as far as what is left tells."""
