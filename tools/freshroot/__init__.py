# SPDX-License-Identifier: Apache-2.0
"""The project on a Debian that has never seen it."""
