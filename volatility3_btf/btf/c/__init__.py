# SPDX-License-Identifier: Apache-2.0
"""Types as a C header that a compiler lays out as the image has them."""
