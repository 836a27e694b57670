# SPDX-License-Identifier: Apache-2.0
"""What differs from processor to processor: one file for each."""
