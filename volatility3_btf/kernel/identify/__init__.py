# SPDX-License-Identifier: Apache-2.0
"""Which kernels are in an image: what was found is tied together, placed, judged and ranked."""
