# SPDX-License-Identifier: Apache-2.0
"""What a kernel has loaded: BTF by its own list, modules, and whose each BTF in an image is."""
