// SPDX-License-Identifier: Apache-2.0

// Command dwarfref writes what the DWARF of a vmlinux says about types and global variables,
// in the shapes of Volatility's ISF 6.2.0, as a reference to compare other symbol tables with.
//
//	dwarfref VMLINUX ISF.json GLOBALS.jsonl
//
// One compile unit is held at a time. Of a name that units define differently, ISF.json has the
// definition seen first; GLOBALS.jsonl has one global variable a line, and then one line for each
// such name with all its definitions. A symbol is typed where a variable of its name lies at its address,
// or, if no unit defines it, as it is declared.
package main

import (
	"bufio"
	"crypto/sha256"
	"debug/dwarf"
	"debug/elf"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

const languageRust = 0x1c // DW_LANG_Rust

type object = map[string]any

// node is one debugging entry that is, or belongs to, a type.
type node struct {
	tag         dwarf.Tag
	name        string
	ref         dwarf.Offset // the type it refers to, 0 for void
	size        int64
	encoding    int64
	declaration bool
	members     []member
	counts      []int64 // array dimensions, -1 unknown
	constants   []constant
	alias       string // for an unnamed struct or union: the typedef that names it
}

type member struct {
	name             string
	ref              dwarf.Offset
	offset           int64
	bit, bits        int64 // absolute bit and width, bits == 0: no bit field
	oldBit, oldBytes int64 // DWARF 2–3: bit from the big end of a unit of oldBytes, oldBit -1 without
}

type constant struct {
	name  string
	value int64
}

type variable struct {
	name          string
	ref           dwarf.Offset
	address       uint64
	local         bool
	specification dwarf.Offset
	external      bool
}

type reference struct {
	order     binary.ByteOrder
	endian    string
	base      map[string]object
	user      map[string]object
	enums     map[string]object
	variants  map[string]map[string]object
	globals   []object
	externs   map[string]object // variables that are only declared, by name: the assembler or linker makes them
	rendering map[dwarf.Offset]bool
	unit      map[dwarf.Offset]*node
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: dwarfref VMLINUX ISF.json GLOBALS.jsonl")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "dwarfref:", err)
		os.Exit(1)
	}
}

func run(vmlinux, isfPath, globalsPath string) error {
	file, err := elf.Open(vmlinux)
	if err != nil {
		return err
	}
	defer file.Close()
	data, err := file.DWARF()
	if err != nil {
		return err
	}
	r := &reference{order: file.ByteOrder, endian: "little", base: map[string]object{}, user: map[string]object{},
		enums: map[string]object{}, variants: map[string]map[string]object{}, externs: map[string]object{}}
	if file.ByteOrder == binary.BigEndian {
		r.endian = "big"
	}
	pointer := int64(8)
	if file.Class == elf.ELFCLASS32 {
		pointer = 4
	}
	r.base["void"] = object{"size": 0, "signed": false, "kind": "void", "endian": r.endian}
	r.base["pointer"] = object{"size": pointer, "signed": false, "kind": "int", "endian": r.endian}
	if err := r.units(data); err != nil {
		return err
	}
	symbols, err := r.symbols(file)
	if err != nil {
		return err
	}
	source := object{"kind": "dwarf", "name": filepath.Base(vmlinux)}
	isf := object{"metadata": object{"format": "6.2.0", "producer": object{"name": "dwarfref", "version": "1.0.0"},
		"linux": object{"types": []any{source}, "symbols": []any{source}}},
		"base_types": r.base, "user_types": r.user, "enums": r.enums, "symbols": symbols}
	if err := writeJSON(isfPath, isf); err != nil {
		return err
	}
	return r.writeGlobals(globalsPath)
}

func (r *reference) units(data *dwarf.Data) error {
	reader := data.Reader()
	for {
		entry, err := reader.Next()
		if err != nil {
			return err
		}
		if entry == nil {
			return nil
		}
		if entry.Tag != dwarf.TagCompileUnit {
			reader.SkipChildren()
			continue
		}
		if number(entry, dwarf.AttrLanguage, 0) == languageRust { // pahole leaves these out of BTF too
			reader.SkipChildren()
			continue
		}
		unitName, _ := entry.Val(dwarf.AttrName).(string)
		variables, err := r.collect(reader, entry)
		if err != nil {
			return err
		}
		r.publish(unitName, variables)
	}
}

// collect reads one compile unit's entries into r.unit and returns its variables.
func (r *reference) collect(reader *dwarf.Reader, unit *dwarf.Entry) ([]variable, error) {
	r.unit = map[dwarf.Offset]*node{}
	var variables []variable
	if !unit.Children {
		return nil, nil
	}
	var stack []*node // enclosing entries; nil for one that is no type
	functions := []bool{false}
	for {
		entry, err := reader.Next()
		if err != nil {
			return nil, err
		}
		if entry == nil {
			return nil, io.ErrUnexpectedEOF
		}
		if entry.Tag == 0 {
			if len(stack) == 0 {
				return variables, nil
			}
			stack = stack[:len(stack)-1]
			functions = functions[:len(functions)-1]
			continue
		}
		var parent *node
		if len(stack) > 0 {
			parent = stack[len(stack)-1]
		}
		current := r.take(entry, parent)
		if entry.Tag == dwarf.TagVariable {
			variables = append(variables, r.variable(entry, functions[len(functions)-1]))
		}
		if entry.Children {
			stack = append(stack, current)
			inside := functions[len(functions)-1] || entry.Tag == dwarf.TagSubprogram
			functions = append(functions, inside)
		}
	}
}

func number(entry *dwarf.Entry, attr dwarf.Attr, missing int64) int64 {
	switch value := entry.Val(attr).(type) {
	case int64:
		return value
	case uint64:
		return int64(value)
	}
	return missing
}

func (r *reference) take(entry *dwarf.Entry, parent *node) *node {
	name, _ := entry.Val(dwarf.AttrName).(string)
	ref, _ := entry.Val(dwarf.AttrType).(dwarf.Offset)
	switch entry.Tag {
	case dwarf.TagMember:
		if parent != nil {
			parent.members = append(parent.members, takeMember(entry, name, ref))
		}
		return nil
	case dwarf.TagSubrangeType:
		if parent != nil {
			count := number(entry, dwarf.AttrCount, -1)
			if count < 0 {
				if upper := number(entry, dwarf.AttrUpperBound, -1); upper >= 0 {
					count = upper + 1
				} else if entry.Val(dwarf.AttrUpperBound) != nil {
					count = 0 // upper bound −1: declared with [0]
				}
			}
			parent.counts = append(parent.counts, count)
		}
		return nil
	case dwarf.TagEnumerator:
		if parent != nil {
			parent.constants = append(parent.constants, constant{name, number(entry, dwarf.AttrConstValue, 0)})
		}
		return nil
	case dwarf.TagBaseType, dwarf.TagStructType, dwarf.TagUnionType, dwarf.TagEnumerationType, dwarf.TagPointerType,
		dwarf.TagArrayType, dwarf.TagTypedef, dwarf.TagConstType, dwarf.TagVolatileType, dwarf.TagRestrictType,
		dwarf.TagSubroutineType, dwarf.TagUnspecifiedType, dwarf.TagAtomicType:
		declaration, _ := entry.Val(dwarf.AttrDeclaration).(bool)
		n := &node{tag: entry.Tag, name: name, ref: ref, size: number(entry, dwarf.AttrByteSize, 0),
			encoding: number(entry, dwarf.AttrEncoding, 0), declaration: declaration}
		r.unit[entry.Offset] = n
		return n
	}
	return nil
}

func takeMember(entry *dwarf.Entry, name string, ref dwarf.Offset) member {
	m := member{name: name, ref: ref, offset: number(entry, dwarf.AttrDataMemberLoc, 0),
		bits: number(entry, dwarf.AttrBitSize, 0), oldBit: number(entry, dwarf.AttrBitOffset, -1),
		oldBytes: number(entry, dwarf.AttrByteSize, 0)}
	m.bit = m.offset*8 + number(entry, dwarf.AttrDataBitOffset, 0)
	return m
}

func (r *reference) variable(entry *dwarf.Entry, local bool) variable {
	name, _ := entry.Val(dwarf.AttrName).(string)
	ref, _ := entry.Val(dwarf.AttrType).(dwarf.Offset)
	spec, _ := entry.Val(dwarf.AttrSpecification).(dwarf.Offset)
	if spec == 0 {
		spec, _ = entry.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset)
	}
	external, _ := entry.Val(dwarf.AttrExternal).(bool)
	v := variable{name: name, ref: ref, local: local, specification: spec, external: external}
	location, _ := entry.Val(dwarf.AttrLocation).([]byte)
	if len(location) >= 5 && location[0] == 3 { // DW_OP_addr
		if len(location) == 9 {
			v.address = r.order.Uint64(location[1:])
		} else if len(location) == 5 {
			v.address = uint64(r.order.Uint32(location[1:]))
		}
	}
	if name != "" || ref != 0 {
		r.declared(entry.Offset, v)
	}
	return v
}

// declared keeps a variable's name and type for a later entry that completes it.
func (r *reference) declared(offset dwarf.Offset, v variable) {
	r.unit[offset] = &node{tag: dwarf.TagVariable, name: v.name, ref: v.ref}
}

func (r *reference) publish(unitName string, variables []variable) {
	r.rendering = map[dwarf.Offset]bool{}
	var offsets []dwarf.Offset
	for offset, n := range r.unit {
		offsets = append(offsets, offset)
		if n.tag == dwarf.TagTypedef && n.name != "" {
			target := r.unit[n.ref]
			if target != nil && target.name == "" && (target.alias == "" || n.name < target.alias) {
				target.alias = n.name
			}
		}
	}
	sort.Slice(offsets, func(i, j int) bool { return offsets[i] < offsets[j] })
	for _, offset := range offsets {
		switch r.unit[offset].tag {
		case dwarf.TagStructType, dwarf.TagUnionType, dwarf.TagEnumerationType, dwarf.TagBaseType:
			r.typ(offset)
		}
	}
	for _, v := range variables {
		r.global(unitName, v)
	}
}

func (r *reference) global(unitName string, v variable) {
	for depth := 0; v.specification != 0 && depth < 4 && (v.name == "" || v.ref == 0); depth++ {
		origin := r.unit[v.specification]
		if origin == nil {
			return
		}
		if v.name == "" {
			v.name = origin.name
		}
		if v.ref == 0 {
			v.ref = origin.ref
		}
	}
	if v.name == "" || v.ref == 0 {
		return
	}
	if v.address == 0 {
		if _, known := r.externs[v.name]; v.external && !known {
			r.externs[v.name] = r.typ(v.ref)
		}
		return
	}
	r.globals = append(r.globals, object{"name": v.name, "address": v.address, "type": r.typ(v.ref),
		"c": r.declarator(v.ref, "@", 0), "size": r.size(v.ref, 0), "unit": unitName, "local": v.local, "external": v.external})
}

func (r *reference) size(offset dwarf.Offset, depth int) int64 {
	n := r.unit[offset]
	if n == nil || depth > 64 {
		return 0
	}
	switch n.tag {
	case dwarf.TagTypedef, dwarf.TagConstType, dwarf.TagVolatileType, dwarf.TagRestrictType, dwarf.TagAtomicType:
		return r.size(n.ref, depth+1)
	case dwarf.TagArrayType:
		total := r.size(n.ref, depth+1)
		for _, count := range n.counts {
			if count < 0 {
				count = 0
			}
			total *= count
		}
		return total
	case dwarf.TagPointerType:
		if n.size == 0 {
			return r.base["pointer"]["size"].(int64)
		}
	}
	return n.size
}

// declarator renders a C declaration with the typedefs' names kept and qualifiers dropped.
func (r *reference) declarator(offset dwarf.Offset, inner string, depth int) string {
	n := r.unit[offset]
	if offset == 0 || n == nil || depth > 64 {
		return "void " + inner
	}
	switch n.tag {
	case dwarf.TagConstType, dwarf.TagVolatileType, dwarf.TagRestrictType, dwarf.TagAtomicType:
		return r.declarator(n.ref, inner, depth+1)
	case dwarf.TagPointerType:
		target := r.unit[r.unqualified(n.ref)]
		if target != nil && (target.tag == dwarf.TagArrayType || target.tag == dwarf.TagSubroutineType) {
			return r.declarator(n.ref, "(*"+inner+")", depth+1)
		}
		return r.declarator(n.ref, "*"+inner, depth+1)
	case dwarf.TagArrayType:
		for _, count := range n.counts {
			if count < 0 {
				inner += "[]"
			} else {
				inner += fmt.Sprintf("[%d]", count)
			}
		}
		return r.declarator(n.ref, inner, depth+1)
	case dwarf.TagSubroutineType:
		return r.declarator(n.ref, inner+"()", depth+1)
	case dwarf.TagStructType:
		return "struct " + n.name + " " + inner
	case dwarf.TagUnionType:
		return "union " + n.name + " " + inner
	case dwarf.TagEnumerationType:
		return "enum " + n.name + " " + inner
	}
	return n.name + " " + inner
}

func (r *reference) unqualified(offset dwarf.Offset) dwarf.Offset {
	for depth := 0; depth < 64; depth++ {
		n := r.unit[offset]
		if n == nil {
			return offset
		}
		switch n.tag {
		case dwarf.TagConstType, dwarf.TagVolatileType, dwarf.TagRestrictType, dwarf.TagAtomicType:
			offset = n.ref
		default:
			return offset
		}
	}
	return offset
}

var voidType = object{"kind": "base", "name": "void"}

// typ gives the ISF descriptor of a type and publishes what it names.
func (r *reference) typ(offset dwarf.Offset) object {
	n := r.unit[offset]
	if offset == 0 || n == nil {
		return voidType
	}
	switch n.tag {
	case dwarf.TagTypedef, dwarf.TagConstType, dwarf.TagVolatileType, dwarf.TagRestrictType, dwarf.TagAtomicType:
		return r.typ(n.ref)
	case dwarf.TagPointerType:
		return object{"kind": "pointer", "subtype": r.typ(n.ref)}
	case dwarf.TagSubroutineType:
		return object{"kind": "function"}
	case dwarf.TagArrayType:
		result := r.typ(n.ref)
		for i := len(n.counts) - 1; i >= 0; i-- {
			count := n.counts[i]
			if count < 0 {
				count = 0
			}
			result = object{"kind": "array", "count": count, "subtype": result}
		}
		return result
	case dwarf.TagBaseType:
		r.publishBase(n)
		return object{"kind": "base", "name": n.name}
	case dwarf.TagEnumerationType:
		return object{"kind": "enum", "name": r.enum(n)}
	case dwarf.TagStructType:
		return object{"kind": "struct", "name": r.compound(offset, n, "struct")}
	case dwarf.TagUnionType:
		return object{"kind": "union", "name": r.compound(offset, n, "union")}
	}
	return voidType
}

func (r *reference) publishBase(n *node) {
	if _, known := r.base[n.name]; known {
		return
	}
	kind, signed := "int", true
	switch n.encoding { // DW_ATE_*
	case 2:
		kind, signed = "bool", false
	case 4, 3:
		kind = "float"
	case 6:
		kind = "char"
	case 7:
		signed = false
	case 8:
		kind, signed = "char", false
	}
	r.base[n.name] = object{"size": n.size, "signed": signed, "kind": kind, "endian": r.endian}
}

func fingerprint(value any) string {
	text, _ := json.Marshal(value)
	return fmt.Sprintf("unnamed_%x", sha256.Sum256(text))[:24]
}

func (r *reference) enum(n *node) string {
	name, signed := n.name, false
	constants := object{}
	for _, c := range n.constants {
		constants[c.name] = c.value
		signed = signed || c.value < 0
	}
	if name == "" {
		name = n.alias
	}
	if name == "" {
		name = fingerprint(constants)
	}
	if n.declaration && len(n.constants) == 0 {
		return name
	}
	names := map[string]string{"1false": "unsigned char", "2false": "short unsigned int", "4false": "unsigned int",
		"8false": "long unsigned int", "1true": "signed char", "2true": "short int", "4true": "int", "8true": "long int"}
	base := names[fmt.Sprintf("%d%v", n.size, signed)]
	if base == "" {
		base = "void"
	}
	r.keep(r.enums, "enum "+name, name, object{"size": n.size, "base": base, "constants": constants})
	return name
}

// keep publishes a definition; the first of several different ones stays, all are counted.
func (r *reference) keep(where map[string]object, key, name string, definition object) {
	if _, known := where[name]; !known {
		where[name] = definition
	}
	if r.variants[key] == nil {
		r.variants[key] = map[string]object{}
	}
	r.variants[key][fingerprint(definition)] = definition
}

func (r *reference) compound(offset dwarf.Offset, n *node, kind string) string {
	name := n.name
	if name == "" {
		name = n.alias
	}
	if n.declaration {
		return name
	}
	if r.rendering[offset] {
		return name
	}
	if name != "" {
		r.rendering[offset] = true // its members may refer to itself
	}
	fields := object{}
	for i, m := range n.members {
		field := object{"offset": m.offset, "type": r.typ(m.ref)}
		if m.bits != 0 {
			field = r.bitfield(m)
		}
		fieldName := m.name
		if fieldName == "" {
			fieldName = fmt.Sprintf("unnamed_field_%d", i)
			field["anonymous"] = true
		}
		fields[fieldName] = field
	}
	definition := object{"size": n.size, "kind": kind, "fields": fields}
	if name == "" {
		name = fingerprint(definition)
		n.alias = name
		r.rendering[offset] = true
	}
	r.keep(r.user, kind+" "+name, name, definition)
	return name
}

func (r *reference) bitfield(m member) object {
	unit := r.size(m.ref, 0)
	bit := m.bit
	if m.oldBit >= 0 { // DWARF 2–3
		bytes := m.oldBytes
		if bytes == 0 {
			bytes = unit
		}
		bit = m.offset*8 + m.oldBit
		if r.endian == "little" {
			bit = m.offset*8 + bytes*8 - m.oldBit - m.bits
		}
	}
	start := bit / 8
	if unit > 0 {
		start = bit / (unit * 8) * unit
	}
	position := bit - start*8
	if r.endian == "big" && unit > 0 {
		position = unit*8 - position - m.bits
	}
	return object{"offset": start, "type": object{"kind": "bitfield", "bit_position": position,
		"bit_length": m.bits, "type": r.typ(m.ref)}}
}

// symbols gives the ELF symbols, typed where a variable of that name lies at that address.
func (r *reference) symbols(file *elf.File) (object, error) {
	table, err := file.Symbols()
	if err != nil {
		return nil, err
	}
	typed := map[string]object{}
	for _, g := range r.globals {
		typed[fmt.Sprintf("%s %x", g["name"], g["address"])] = g["type"].(object)
	}
	result := object{}
	for _, s := range table {
		kind := elf.ST_TYPE(s.Info)
		if s.Name == "" || kind == elf.STT_FILE || kind == elf.STT_SECTION {
			continue
		}
		if old, known := result[s.Name].(object); known && old["address"].(uint64) <= s.Value {
			continue
		}
		typ := typed[fmt.Sprintf("%s %x", s.Name, s.Value)]
		if typ == nil && elf.ST_BIND(s.Info) == elf.STB_GLOBAL && kind != elf.STT_FUNC { // Rust's are declared int
			typ = r.externs[s.Name]
		}
		if typ == nil {
			typ = voidType
		}
		symbol := object{"address": s.Value, "type": typ}
		if s.Name == "linux_banner" {
			symbol["constant_data"] = contents(file, s)
		}
		result[s.Name] = symbol
	}
	return result, nil
}

func contents(file *elf.File, s elf.Symbol) []byte {
	for _, section := range file.Sections {
		if section.Type != elf.SHT_NOBITS && section.Flags&elf.SHF_ALLOC != 0 && section.Addr <= s.Value &&
			s.Value+s.Size <= section.Addr+section.Size {
			data := make([]byte, s.Size)
			if _, err := section.ReadAt(data, int64(s.Value-section.Addr)); err == nil {
				return data
			}
		}
	}
	return nil
}

func writeJSON(path string, value any) error {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	buffer := bufio.NewWriterSize(out, 1<<20)
	if err := json.NewEncoder(buffer).Encode(value); err != nil {
		return err
	}
	if err := buffer.Flush(); err != nil {
		return err
	}
	return out.Close()
}

// writeGlobals writes one variable a line, then the definitions of every ambiguous name.
func (r *reference) writeGlobals(path string) error {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	buffer := bufio.NewWriterSize(out, 1<<20)
	encoder := json.NewEncoder(buffer)
	sort.SliceStable(r.globals, func(i, j int) bool {
		a, b := r.globals[i], r.globals[j]
		return a["address"].(uint64) < b["address"].(uint64)
	})
	for _, g := range r.globals {
		if err := encoder.Encode(g); err != nil {
			return err
		}
	}
	var names []string
	for name, definitions := range r.variants {
		if len(definitions) > 1 {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		kind, short, _ := strings.Cut(name, " ")
		var all []object
		for _, definition := range r.variants[name] {
			all = append(all, definition)
		}
		if err := encoder.Encode(object{"variants": short, "kind": kind, "definitions": all}); err != nil {
			return err
		}
	}
	if err := buffer.Flush(); err != nil {
		return err
	}
	return out.Close()
}
