// SPDX-License-Identifier: Apache-2.0

module dwarfref

go 1.19
