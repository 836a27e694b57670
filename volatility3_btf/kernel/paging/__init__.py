# SPDX-License-Identifier: Apache-2.0
"""Page tables: their formats as data, one walker for all of them, and the address space that it makes."""
