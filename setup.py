# SPDX-License-Identifier: Apache-2.0
"""Which packages there are; everything else about this project is in setup.cfg.

setup.cfg alone cannot say it: the plugins must have no `__init__.py`, which would hide all of Volatility's
own Linux plugins, and without one they are found under their folder's name and not under Volatility's.
"""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["volatility3_btf*"]), "volatility3.plugins.linux"])
