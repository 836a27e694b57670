# SPDX-License-Identifier: Apache-2.0
"""BTF's bytes and records: header, kinds, names, references (Documentation/bpf/btf.rst)."""
