"""isagen.py accepts a good table and says what is wrong with each bad one."""
import os
import subprocess
import sys
import tempfile

CASES = [
    ('a 0000 rd:4 v8\nb 0001 rd:2 . rd:1 k=3 v8\nb 1... rd[0..1] k=2 v8\n', ''),
    ('a 0000 rd:4 v8\nb 0000 rd:5 v8\n', 'b: has 9 bits, not 8'),
    ('a 00.0 rd:4 v8\nb 0.00 rd:4 v8\n', 'b: overlaps a (line 1)'),
    ('^a 0000 0000 v8\nb 0000 rd:4 v8\n', ''),
    ('^a 0000 0000 v8\n^b 0000 rd:4 v8\n', 'b: overlaps a (line 1)'),
    ('a 0000 rd:4 v8\n- 0000 1...\n', ''),
    ('a 0000 rd:4 v8\n- 1... ....\n', '-: reserves nothing that is not free already'),
    ('a 0000 rd:4 v8\na 0001 rn:4 v8\n', 'a: does not have the fields of line 1'),
    ('a 0000 rd:3 . rd=3 v8\n', 'a: rd is both bits and implied'),
    ('a 0000 rd:x v8\n', 'a: cannot read "rd:x"'),
    ('a 0000 rd[01.2] v8\n', 'a: cannot read "rd[01.2]"'),
]

failed = 0
for table, expected in CASES:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 't.isa')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(table)
        outputs = [os.path.join(folder, name) for name in ('t.h', 't.c', 'h.c')]
        run = subprocess.run([sys.executable, sys.argv[1], 't', path, *outputs, 'f.h', 'F_'],
                             capture_output=True, text=True, check=False)
        got = run.stderr.strip().split(': ', 1)[-1] if run.returncode else ''
        if got != expected or bool(expected) != bool(run.returncode):
            print(f'{table}  expected: {expected}\n  got:      {got}')
            failed = 1
sys.exit(failed)
