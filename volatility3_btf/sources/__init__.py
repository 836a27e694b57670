# SPDX-License-Identifier: Apache-2.0
"""Types from files of any kind."""
