#!/usr/bin/env python3
"""embed.py FILE SYMBOL OUT: the bytes of a file as a C array."""
import pathlib
import sys

data = pathlib.Path(sys.argv[1]).read_bytes()
rows = [', '.join(f'0x{b:02x}' for b in data[i:i + 16]) for i in range(0, len(data), 16)]
pathlib.Path(sys.argv[3]).write_text('static const unsigned char ' + sys.argv[2] + '[] = {\n    ' +
                                     ',\n    '.join(rows) + '\n};\n')
