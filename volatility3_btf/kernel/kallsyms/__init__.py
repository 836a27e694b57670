# SPDX-License-Identifier: Apache-2.0
"""kallsyms, the kernel's own table of symbols (kernel/kallsyms.c, scripts/kallsyms.c).

Its tables lie one behind the other in the kernel's read-only data: `kallsyms_num_syms`, `kallsyms_names`,
`kallsyms_markers`, `kallsyms_seqs_of_names` (6.2 and later), `kallsyms_token_table`, `kallsyms_token_index`;
`kallsyms_offsets` and `kallsyms_relative_base` before or behind them.

The token table is found first, by its shape (`tokens`). Names and markers are sought before it (`locate`), or
made good from what is left (`rebuild`). Then addresses are read in each way that a kernel may have stored
them (`addresses`).
"""
