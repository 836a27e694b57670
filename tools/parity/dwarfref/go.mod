module dwarfref

go 1.19
