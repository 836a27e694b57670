# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Objects of our own tables: the framework's classes, made and read with less work."""
