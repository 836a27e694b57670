# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Volatility's plugins run in one session, and what they give as columns."""
