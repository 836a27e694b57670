# SPDX-License-Identifier: Apache-2.0
"""Image files read without Volatility: which format one has, and where each range of memory lies in it."""
