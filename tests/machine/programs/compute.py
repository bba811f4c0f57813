"""Integers, floating point, text, compression and hashes."""
import hashlib
import json
import math
import re
import zlib

x = 12345


def noise():
    global x
    x = (x * 6364136223846793005 + 1442695040888963407) % 2**64
    return x >> 33


numbers = [noise() for _ in range(50000)]
print(sum(numbers), sorted(numbers)[::997])
print(math.factorial(600) % (10**61 - 1), pow(3, 10**6, 2**521 - 1) % 10**40)
print([repr(math.sqrt(n) * 1.1 - n / 7.0) for n in numbers[:2000]])
print([float.hex(float(n) ** 3 / 3.7) for n in numbers[:2000]])
print([round(n / 1000, 2) for n in numbers[:500]], f'{sum(n / 3 for n in numbers):.6f}')
text = json.dumps({str(n): [n, n / 8, str(n)[::-1]] for n in numbers[:5000]}, sort_keys=True)
print(hashlib.sha256(text.encode()).hexdigest(), hashlib.md5(text.encode()).hexdigest())
packed = zlib.compress(text.encode(), 9)
print(zlib.decompress(packed).decode() == text, zlib.crc32(text.encode()), zlib.adler32(packed[:0] + text.encode()))
print(len(re.findall(r'"(\d*7)": \[\1, ', text)), re.sub(r'(\d)(\d)', r'\2\1', text[:2000]))
primes = bytearray([1]) * 200000
for n in range(2, 448):
    if primes[n]:
        primes[n * n::n] = bytes(len(primes[n * n::n]))
print(sum(primes) - 2, [n for n in range(199000, 200000) if primes[n]])
