# SPDX-License-Identifier: Apache-2.0
"""The scanner: memory in, BTF blobs out."""
