# SPDX-License-Identifier: Apache-2.0
"""Page tables: what a format of them is, and one walker for all."""
