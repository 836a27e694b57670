# SPDX-License-Identifier: Apache-2.0
"""Types as people look at them: layout, text, rows, search, difference."""
