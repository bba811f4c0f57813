#!/usr/bin/env python3
"""tally.py TESTLOG.json: prints "PASSED FAILED SKIPPED" of a meson test run, and the failures' names on the standard error.

A program of unit tests counts with each of its own tests: Check sums them up as "100%: Checks: 6, Failures: 0, Errors: 0",
Python's unittest as "Ran 6 tests" and "FAILED (failures=1, errors=1)"."""
import json
import re
import sys


def inner(text):
    """The number of tests in a program, and how many of them failed."""
    checks = re.findall(r'^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)', text, re.M)
    ran = re.findall(r'^Ran (\d+) tests? in', text, re.M)
    failures = re.findall(r'^FAILED \((.*)\)$', text, re.M)
    count = sum(int(row[0]) for row in checks) + sum(map(int, ran))
    bad = sum(int(row[1]) + int(row[2]) for row in checks)
    return count, bad + sum(int(number) for row in failures for number in re.findall(r'(?:failures|errors)=(\d+)', row))


passed = failed = skipped = 0
with open(sys.argv[1], encoding='utf-8') as log:
    for test in map(json.loads, log):
        count, bad = inner((test.get('stdout') or '') + '\n' + (test.get('stderr') or ''))
        if test['result'] == 'SKIP':
            skipped += 1
        elif test['result'] in ('OK', 'EXPECTEDFAIL'):
            passed += count or 1
        else:
            failed += bad or 1
            passed += max(count - bad, 0)
            print(f'  failed: {test["name"]} ({test["result"].lower()}, {test["duration"]:.1f} s)', file=sys.stderr)
print(passed, failed, skipped)
