# SPDX-License-Identifier: Apache-2.0
"""The one error that damaged or foreign BTF raises."""


class BtfError(ValueError):
    """The bytes are not BTF that this reader can use; the message names the type id or the offset."""
