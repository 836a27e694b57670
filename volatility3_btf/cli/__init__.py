# SPDX-License-Identifier: Apache-2.0
"""What `python -m volatility3_btf` does without Volatility: one file a command.

A command is a module with `DESCRIPTION`, a sentence; `add_arguments`, which tells a parser its options; and
`run`, which takes what was parsed and returns the exit code.
"""
