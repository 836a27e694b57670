# SPDX-License-Identifier: Apache-2.0
"""Where the kernel lies that runs, told before kernels are identified: so few others need be read."""
