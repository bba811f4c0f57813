#!/usr/bin/env python3
"""Makes the decoder of a fixed-width instruction set from its .isa table.

    isagen.py NAME TABLE.isa OUT.h OUT.c HANDLERS.c FEATURES.h PREFIX

One row is one encoding: a name, its bits from the top, and the feature a CPU needs to have it.
    0 1 .       fixed bits, and bits that are ignored
    rd:5        field                     imm:s9      signed field
    cmode[0..1] field with some bits fixed; they must match and are still part of the field
    type=3      field the encoding implies; takes no bits
    a field given twice is one field, high part first
Rows of one name share its handler and must have the same fields. Overlapping rows are refused unless one has more
leading '^': it wins. A row named '-' (it has no feature) is reserved space: it wins over rows with as many '^' as it
has and decodes as nothing. '#' starts a comment.

OUT.h and OUT.c hold the decoded struct, the row table and the decoder; HANDLERS.c alone refers to the handlers.
A feature f is the constant PREFIXf of FEATURES.h.
"""
import functools
import re
import sys


class Row:
    """One line of the table: mask and value of the fixed bits, fields as {name: (signed, [(shift, width)])}."""

    def __init__(self, text, line):
        name, *words = text.split()
        self.line, self.fields, self.implied = line, {}, {}
        self.priority = name.count('^') + (0.5 if name.endswith('-') else 0)
        self.name = name.lstrip('^')
        self.reserved = self.name == '-'
        self.feature = None if self.reserved else words.pop()
        bits = ''
        for word in reversed(words):
            if m := re.fullmatch(r'(\w+)=(\d+)', word):
                self.implied[m[1]] = int(m[2])
                continue
            m = re.fullmatch(r'(?:(\w+):(s?)(\d+)|(?:(\w+)\[)?([01.]+)\]?)', word)
            if not m or (word[-1] == ']') != bool(m[4]):
                self.fail(f'cannot read "{word}"')
            fixed = m[5] or '.' * int(m[3])
            if field := m[1] or m[4]:
                self.fields.setdefault(field, (m[2] == 's', []))[1].insert(0, (len(bits), len(fixed)))
            bits = fixed + bits
        self.width = len(bits)
        self.mask = int(re.sub('[01]', '1', bits).replace('.', '0'), 2)
        self.value = int(bits.replace('.', '0'), 2)
        if twice := self.fields.keys() & self.implied.keys():
            self.fail(f'{twice.pop()} is both bits and implied')

    def fail(self, text):
        sys.exit(f'{sys.argv[2]}:{self.line}: {self.name}: {text}')

    def overlaps(self, other):
        return not self.mask & other.mask & (self.value ^ other.value)

    def field_names(self):
        return sorted([*self.fields, *self.implied])

    def field_list(self):
        return ''.join(f'{{ "{field}", {shift}, {width}, {"true" if signed else "false"} }}, '
                       for field, (signed, pieces) in sorted(self.fields.items()) for shift, width in pieces)

    def extraction(self):
        """Assignments to the decoded struct; rows with the same ones share the code."""
        code = []
        for field, (signed, pieces) in sorted(self.fields.items()):
            total, terms = sum(w for _, w in pieces), []
            below = total
            for shift, width in pieces:
                below -= width
                term = f'(w >> {shift} & {(1 << width) - 1:#x})'
                terms.append(f'{term} << {below}' if below else term)
            value = ' | '.join(terms)
            value = f'(int32_t)(({value}) << {32 - total}) >> {32 - total}' if signed else value
            code.append(f'        out->{field} = {value};\n')
        return ''.join(code + [f'        out->{field} = {value};\n' for field, value in sorted(self.implied.items())])


def read(path):
    with open(path, encoding='utf-8') as file:
        lines = [line.split('#')[0].strip() for line in file]
    rows = [Row(text, number) for number, text in enumerate(lines, 1) if text]
    named = [row for row in rows if not row.reserved]
    for row in rows:
        if row.width != rows[0].width:
            row.fail(f'has {row.width} bits, not {rows[0].width}')
        if row.reserved and not any(row.overlaps(r) and r.priority < row.priority for r in named):
            row.fail('reserves nothing that is not free already')
    for number, row in enumerate(named):
        row.number = number
        for other in named[:number]:
            if row.overlaps(other) and row.priority == other.priority:
                row.fail(f'overlaps {other.name} (line {other.line})')
            if row.name == other.name and row.field_names() != other.field_names():
                row.fail(f'does not have the fields of line {other.line}')
    return rows, named


def c_type(rows, field):
    """Small, as the whole struct is cleared for every instruction."""
    uses = [row.fields[field] for row in rows if field in row.fields]
    if any(signed for signed, _ in uses):
        return 'int32_t'
    return 'uint8_t' if all(sum(width for _, width in pieces) <= 8 for _, pieces in uses) else 'uint32_t'


def bits_to_test(rows, tested):
    """The longest run of bits that all rows fix, or else the bit that most fix: (width, shift)."""
    common = functools.reduce(lambda bits, row: bits & row.mask, rows, ~tested)
    if not common:
        return 1, max(range(32), key=lambda bit: sum((row.mask & ~tested) >> bit & 1 for row in rows))
    return max((m.end() - m.start(), 32 - m.end()) for m in re.finditer('1{1,5}', f'{common:032b}'))


class Tree:
    """The decoder's tables. A step is an index into `tests`, the rows to try until one matches, or 0x8000 and the number of
    a node, which says what bits choose among what steps."""
    NODE, MOST, TOP = 0x8000, 4, 11

    def __init__(self, rows, layout_of):
        self.steps, self.nodes, self.tests, self.known, self.layout_of = [], [], [], {}, layout_of
        self.none = sum(not row.reserved for row in rows)
        self.top = min(self.TOP, rows[0].width)
        self.node(rows, 0, self.top, rows[0].width - self.top)

    def node(self, rows, tested, width, shift):
        """Chooses by these bits among rows, most important first; those tested already match."""
        field, base, number = (1 << width) - 1, len(self.steps), len(self.nodes)
        self.nodes.append((shift, field, base))
        self.steps += [None] * (field + 1)
        for value in range(field + 1):
            inside = [r for r in rows if not r.mask & (r.value ^ value << shift) & field << shift]
            self.steps[base + value] = self.step(inside, tested | field << shift)
        return self.NODE | number

    def step(self, rows, tested):
        rows = rows[:next((n for n, row in enumerate(rows, 1) if not row.mask & ~tested), len(rows))]
        while rows and rows[-1].reserved:
            rows.pop()
        if len(rows) > self.MOST:
            return self.node(rows, tested, *bits_to_test(rows, tested))
        tests = [(r.mask & ~tested, r.value & ~tested, self.none if r.reserved else r.number, self.layout_of(r)) for r in rows]
        if not rows or rows[-1].mask & ~tested:
            tests.append((0, 0, self.none, 0))
        if (key := tuple(tests)) not in self.known:
            self.known[key] = len(self.tests)
            self.tests += tests
        return self.known[key]


HEADER = '''/* Made by isagen.py from {table}. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct Trans Trans;

/* A decoded instruction: the fields its row has, and 0 in all others. */
typedef struct {n} {{
{fields}
    uint32_t word;
    uint16_t row;                     /* index into {l}_rows */
    uint64_t pc;                      /* the caller's; kept by {l}_decode */
}} {n};

typedef struct {n}Field {{
    const char *name; /* NULL ends */
    uint8_t at, bits; /* one of several pieces has the field's name, too */
    bool sign;
}} {n}Field;

typedef struct {n}Row {{
    const char *name;
    const {n}Field *fields;           /* those it takes from the word */
    uint32_t mask, value;             /* a word of this row has these bits, unless a more important row has it */
    uint16_t feature;                 /* what a CPU model must have */
}} {n}Row;
typedef bool {n}Handler(Trans *t, const {n} *i);

#define {u}_ROWS {count}
extern const {n}Row {l}_rows[{u}_ROWS];

unsigned {l}_find(uint32_t w); /* the row that has this encoding, or {u}_ROWS */
/* NULL: no instruction has this encoding. */
const {n}Row *{l}_decode(uint32_t w, {n} *out);
/* By row: fills in the fields of i->word and calls the row's handler. */
extern bool (*const {l}_handle[{u}_ROWS])(Trans *t, {n} *i);

{handlers}
'''

DECODER = '''
static const uint16_t steps[] = {{ /* number of a test, or {node:#x} and that of a node */
{steps}}};
static const struct {{
    uint8_t shift;
    uint16_t field, base; /* among steps */
}} nodes[] = {{
{nodes}}};
static const struct {{
    uint32_t mask, value;
    uint16_t row, layout;
}} tests[] = {{ /* in turn, until one holds */
{tests}}};

static inline unsigned find_test(uint32_t w)
{{
    unsigned at = steps[w >> {top}];
    while (at & {node:#x}) {{
        unsigned n = at & ~{node:#x}u;
        at = steps[nodes[n].base + (w >> nodes[n].shift & nodes[n].field)];
    }}
    while ((w & tests[at].mask) != tests[at].value)
        at++;
    return at;
}}

static void extract(uint32_t w, {n} *out, unsigned layout)
{{
    switch (layout) {{
{cases}    }}
}}

/* The bits that mean most first, in one look; tables rather than code, so that few jumps depend on the word. */
unsigned {l}_find(uint32_t w)
{{
    return tests[find_test(w)].row;
}}

const {n}Row *{l}_decode(uint32_t w, {n} *out)
{{
    unsigned at = find_test(w);
    *out = ({n}){{ .pc = out->pc, .word = w, .row = tests[at].row }};
    if (tests[at].row == {u}_ROWS)
        return NULL;
    extract(w, out, tests[at].layout);
    return &{l}_rows[tests[at].row];
}}
'''

# What translates an instruction jumps but once for its kind: whoever takes the fields apart calls the handler.
HANDLE = '''
static bool handle_{number}(Trans *t, {n} *out)
{{
{code}    return {l}_{name}(t, out);
}}
'''


def main():
    l, table, header, source, handlers, features, prefix = sys.argv[1:]
    u, n = l.upper(), l.capitalize()
    rows, named = read(table)
    fields = sorted({field for row in named for field in row.field_names()})
    layouts = {}
    tree = Tree(sorted(rows, key=lambda row: -row.priority),
                lambda row: 0 if row.reserved else layouts.setdefault(row.extraction(), len(layouts)))
    include = f'#include "{header.split("/")[-1]}"\n'
    with open(header, 'w', encoding='utf-8') as out:
        out.write(HEADER.format(n=n, l=l, u=u, count=len(named), table=table.split('/')[-1],
                                fields='\n'.join(f'    {c_type(named, field)} {field};' for field in fields),
                                handlers='\n'.join(dict.fromkeys(f'{n}Handler {l}_{row.name};' for row in named))))
    with open(source, 'w', encoding='utf-8') as out:
        out.write(f'{include}#include "{features}"\n#include <stddef.h>\n\n')
        lists = {}
        list_of = [lists.setdefault(row.field_list(), len(lists)) for row in named]
        out.write(''.join(f'static const {n}Field fields_{number}[] = {{ {text}{{ NULL, 0, 0, false }} }};\n'
                          for text, number in lists.items()))
        out.write(f'\nconst {n}Row {l}_rows[{u}_ROWS] = {{\n')
        out.write(''.join(f'    {{ "{row.name}", fields_{number}, {row.mask:#010x}, {row.value:#010x}, {prefix}{row.feature} }},\n'
                          for row, number in zip(named, list_of)) + '};\n')
        out.write(DECODER.format(n=n, l=l, u=u, node=tree.NODE, top=rows[0].width - tree.top,
                                 steps=''.join('    ' + ', '.join(map(str, tree.steps[at:at + 16])) + ',\n' for at in range(0, len(tree.steps), 16)),
                                 nodes=''.join(f'    {{ {shift}, {field:#x}, {base} }},\n' for shift, field, base in tree.nodes),
                                 tests=''.join(f'    {{ {mask:#010x}, {value:#010x}, {row}, {layout} }},\n'
                                               for mask, value, row, layout in tree.tests),
                                 cases=''.join(f'    case {number}:\n{code}        break;\n' for code, number in layouts.items())))
    stubs = {}
    number_of = [stubs.setdefault((row.name, row.extraction()), len(stubs)) for row in named]
    with open(handlers, 'w', encoding='utf-8') as out:
        out.write(include)
        out.write(''.join(HANDLE.format(n=n, l=l, number=number, name=name, code=code and '    uint32_t w = out->word;\n' + code.replace('        ', '    '))
                          for (name, code), number in stubs.items()))
        out.write(f'\nbool (*const {l}_handle[{u}_ROWS])(Trans *, {n} *) = {{\n')
        out.write(''.join(f'    handle_{number},\n' for number in number_of) + '};\n')


main()
