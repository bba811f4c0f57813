#!/usr/bin/env python3
"""irdoc.py OPS.DEF RULES.DEF OUT: writes doc/ir.md, the reference of the intermediate representation, from its tables.

Fails if a row says nothing about what it does, so that no operation goes without words."""
import re
import sys

RULE = re.compile(r'^RULE\("(.*?)", "(.*?)", (.*), (.*)\)$', re.M)
# A comment of its own, or a row and the comment behind it.
ITEM = re.compile(r'^/\*(?P<note>.*?)\*/|^OP\((?P<row>\w+, \d, \w+, [\w| ]+), (?P<meaning>.*?)\)(?:(?: *\n +| +)/\*(?P<words>.*?)\*/)?$',
                  re.M | re.S)


def squeeze(text):
    return ' '.join((text or '').replace('\n *', '\n').split())


def row(*cells):
    return '| ' + ' | '.join(cell.replace('|', '\\|') for cell in cells) + ' |'


def operation(item, note):
    name, args, result, effects = item['row'].split(', ')
    meaning = '' if item['meaning'] == 'NONE' else f'`{squeeze(item["meaning"])}`'
    words = squeeze(f'{item["words"] or ""} {note}')
    effects = [e for e in effects.lower().split(' | ') if e != 'pure']
    return name, bool(meaning or words), row(f'`{name}`', args, result.lower(), ' '.join(effects), meaning, words)


def section(text):
    title, _, note = squeeze(text).strip('- ').partition(':')
    return [f'## {title[0].upper()}{title[1:].replace(" ----", "")}', '', note.replace('----', '').strip(), '',
            row('op', 'args', 'result', 'effects', 'value, for each lane of n bits', ''), '|---|---|---|---|---|---|']


def operations(text):
    lines, silent, general, note = [], [], False, ''
    for item in ITEM.finditer(text):
        if item['row']:
            name, said, line = operation(item, note)
            silent += [] if said or general else [name]
            lines.append(line)
            note = ''
        elif item['note'].startswith(' ----'):
            lines += [''] + section(item['note'])
            general = bool(lines[-4])
        else:
            note = squeeze(item['note'])
    return lines, silent


def rules(text):
    yield from ['', '## Rules', '', 'Applied as a unit is built, the first that matches.', '',
                row('from', 'to', '# is', 'when'), '|---|---|---|---|']
    for pattern, to, value, when in RULE.findall(text):
        yield row(f'`{pattern}`', f'`{to}`', f'`{value}`' if '#' in to else '', '' if when == 'true' else f'`{when}`')


def main(ops, rule_file, out):
    with open(ops) as f:
        head, text = f.read().split('*/', 1)
    with open(rule_file) as f:
        rule_text = f.read()
    lines, silent = operations(text)
    rows = len(re.findall(r'^OP\(', text, re.M))
    if silent or sum(line.startswith('| `') for line in lines) != rows:
        sys.exit(f'{ops}: nothing says what these do, or a row is not understood: {" ".join(silent)}')
    head = [line.removeprefix('/*').removeprefix(' *').removeprefix(' ') for line in head.rstrip().split('\n')]
    with open(out, 'w') as f:
        f.write('\n'.join(['# The intermediate representation', '', 'Made from `src/tcg/ops.def` and `src/tcg/rules.def`.',
                           '', '```', *head, '```', *lines, *rules(rule_text)]) + '\n')


if __name__ == '__main__':
    main(*sys.argv[1:])
