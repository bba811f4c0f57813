#!/usr/bin/env python3
"""tally.py TESTLOG.json: prints "PASSED FAILED SKIPPED" of a meson test run, and the failures' names on the standard error.

A program of unit tests counts with each of its own tests, which Check sums up as "100%: Checks: 6, Failures: 0, Errors: 0"."""
import json
import re
import sys

passed = failed = skipped = 0
with open(sys.argv[1], encoding='utf-8') as log:
    for test in map(json.loads, log):
        checks = re.findall(r'^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)', test.get('stdout') or '', re.M)
        bad = sum(int(failures) + int(errors) for _, failures, errors in checks)
        if test['result'] == 'SKIP':
            skipped += 1
        elif test['result'] in ('OK', 'EXPECTEDFAIL'):
            passed += sum(int(count) for count, _, _ in checks) or 1
        else:
            failed += bad or 1
            passed += max(sum(int(count) for count, _, _ in checks) - bad, 0)
            print(f'  failed: {test["name"]} ({test["result"].lower()}, {test["duration"]:.1f} s)', file=sys.stderr)
print(passed, failed, skipped)
