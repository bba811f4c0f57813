#!/usr/bin/env python3
"""floors.py SRC: includes go down the floors of the house only (doc/architecture.md), only main.c names a backend, and what
serves every guest names none."""
import pathlib
import re
import sys

FLOOR = {'base': 0, 'tcg': 1, 'host': 1, 'core': 2, 'cpu': 3, 'backend': 4, 'frontend': 4, 'devices': 4, 'machines': 5,
         'monitor': 6, 'roof': 7}  # the roof: main.c and the files beside it
NO_FLOOR = {'config.h'}
# Words that the folders which know no guest do without, but for strings that a user gives or reads.
GUESTS = re.compile(r'(?i)\b(arm|armv[78]\w*|aarch(32|64)|a64|x86|i[3-6]86|amd64|ppc|ppc64|powerpc|intel)\b')
NO_GUESTS = {'tcg', 'cpu', 'core'}
src = pathlib.Path(sys.argv[1])
bad = 0
for file in sorted(path for path in src.rglob('*') if path.suffix in ('.c', '.h', '.def')):
    parts, name = file.relative_to(src).parts, str(file.relative_to(src))
    mine = parts[0] if len(parts) > 1 else 'roof'
    for number, line in enumerate(file.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        other = match and match[1].split('/')[0]
        if match and '/' not in match[1] and (src / match[1]).exists():
            other = 'roof'
        wrong = []
        if match and other not in FLOOR and other not in NO_FLOOR:
            wrong.append(f'includes "{match[1]}", not named from src/ on')
        elif match and other in FLOOR and other != mine and FLOOR[other] >= FLOOR[mine]:
            wrong.append(f'on floor {FLOOR[mine]} ({mine}) includes "{match[1]}" of floor {FLOOR[other]}')
        if re.search(r'\bx86_64_backend\b', line) and mine != 'backend' and name != 'main.c' and 'extern' not in line:
            wrong.append('names a backend; only main.c may')
        named = GUESTS.search(re.sub(r'"(\\.|[^"\\])*"', '""', line))
        if mine in NO_GUESTS and named:
            wrong.append(f'names a guest, "{named[0]}"')
        for what in wrong:
            print(f'{src}/{name}:{number}: {what}')
            bad += 1
sys.exit(bad > 0)
