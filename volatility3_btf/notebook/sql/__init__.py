# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Every plugin a table: SQL over what plugins find, run when a query names them."""
