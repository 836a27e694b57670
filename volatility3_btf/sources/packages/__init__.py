# SPDX-License-Identifier: Apache-2.0
"""Packages of distributions: their members, one after the other."""
