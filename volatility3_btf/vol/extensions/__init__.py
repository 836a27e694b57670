# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Object classes for a kernel's types, where the framework's own presume another processor or kernel."""
