# SPDX-License-Identifier: Apache-2.0
"""The project's name and version; setup.cfg reads the latter from here."""

NAME = "volatility3-btf"
VERSION = "0.1.0"
