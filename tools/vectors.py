#!/usr/bin/env python3
"""vectors.py SRC NM LIBRARY...: what translated code calls with its values in vector registers leaves those alone.

Such are helpers without H_FP and what a guest says of its mode; all of it has to be in LIBRARIES, which are built without
vector registers, and calls nothing outside them: no memset either, of the C library or made by the compiler."""
import pathlib
import re
import subprocess
import sys

ALLOWED = {  # outside the libraries
    '_GLOBAL_OFFSET_TABLE_': 'no function',
    'log_mask': 'no function',
    'log_args': 'cpu_log saves the registers',
    'lockstep_write': 'in lockstep all helpers have H_FP',
    'x86_raise': 'sys_call.c calls it in helpers with H_FP',
    'x86_finish': 'sys_call.c calls it in helpers with H_FP',
}


def symbols(nm, library, kind):
    listed = subprocess.run([nm, kind, library], stdout=subprocess.PIPE, text=True, check=True).stdout
    return {line.split()[-1]: library for line in listed.splitlines() if line and not line.endswith(':')}


def called(src):
    """{function: who says that translated code calls it}"""
    found = {}
    for path in sorted(src.glob('frontend/*/*.def')):
        for function, effects in re.findall(r'^\s*HELPER\([\w#]+,\s*([\w#]+),\s*([^)]*)\)', path.read_text(), re.M):
            if 'H_FP' not in effects:
                found[function] = path
    for path in sorted(src.glob('frontend/*/guest.c')):
        for function in re.findall(r'\.(?:mode|regime) = (\w+)', path.read_text()):
            found[function] = path
    return found


def main():
    src, nm, libraries = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    defined, wanted, bad = {}, {}, 0
    for library in libraries:
        defined.update(symbols(nm, library, '--defined-only'))
        wanted.update(symbols(nm, library, '--undefined-only'))
    helpers = called(src)
    for function, path in helpers.items():
        if function not in defined:
            print(f'{path}: {function} is called with vector registers in use, but may change them')
            bad += 1
    for function, library in wanted.items():
        if function not in defined and function not in ALLOWED:
            print(f'{library} calls {function}, which may change vector registers')
            bad += 1
    for function in ALLOWED.keys() - wanted.keys() - {'_GLOBAL_OFFSET_TABLE_'}:
        print(f'{sys.argv[0]}: {function} is allowed, but nothing calls it')
        bad += 1
    if len(helpers) < 20 or len(defined) < 20:
        print(f'only {len(helpers)} functions that translated code calls, and {len(defined)} in the libraries')
        bad += 1
    sys.exit(bad > 0)


main()
