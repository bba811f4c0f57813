#!/usr/bin/env python3
"""headers.py SRC COMPILER...: every header of src/ compiles by itself, so that the order of includes never matters."""
import concurrent.futures
import pathlib
import subprocess
import sys

src, compiler = pathlib.Path(sys.argv[1]), sys.argv[2:]


def complaints(header):
    text = f'#include "{header.relative_to(src)}"\n#include "{header.relative_to(src)}"\n'
    run = subprocess.run([*compiler, '-x', 'c', '-fsyntax-only', '-I', str(src), '-'], input=text, text=True,
                         stderr=subprocess.PIPE, check=False)
    return run.returncode and f'{header}:\n{run.stderr}'


with concurrent.futures.ThreadPoolExecutor(2) as pool:
    found = [text for text in pool.map(complaints, sorted(src.rglob('*.h'))) if text]
print('\n'.join(found))
sys.exit(bool(found))
