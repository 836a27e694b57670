# SPDX-License-Identifier: Apache-2.0
"""Real memory dumps of real kernels, each with the truth about it.

A Debian kernel is booted in a throw-away virtual machine and its memory is dumped; what the guest itself
says about its kernel is collected afterwards. Standard library only: this runs before anything is installed.
"""
