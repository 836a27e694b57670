# SPDX-License-Identifier: Apache-2.0
"""The project's version; setup.cfg reads it from here."""

VERSION = "0.1.0"
