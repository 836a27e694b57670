# SPDX-License-Identifier: Apache-2.0
"""What the documentation's site is made of, beside the pages in docs/: its order, pictures and notebooks."""
