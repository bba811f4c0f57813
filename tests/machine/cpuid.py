"""cpuid.py PROGRAM QEMU BIOS FEATURES: CPU models named as the peer's are the peer's.

BIOS (roms/x86/cpuid.S) prints CPUID; both machines run it with each model. What the peer has and this program does not
must be what it calls not implemented; what it has beyond the peer must stand in MORE."""
import re
import subprocess
import sys

MODELS = ["486", "pentium", "pentium3", "qemu32", "qemu64", "Nehalem", "Haswell"]
# Of the real processors, which the peer's translator leaves out.
MORE = {"vme", "pcid", "invpcid", "x2apic", "tsc_deadline"}
# The peer's nested virtualization.
LESS = {(0x80000001, "ECX", 2)}
WHOLE = [(0, "EAX"), (0, "EBX"), (0, "ECX"), (0, "EDX"), (1, "EAX"), (1, "EBX"), (0x80000000, "EAX"), (0x80000008, "EAX")]
REGISTERS = ["EAX", "EBX", "ECX", "EDX"]


def cpuid(program, model):
    out = subprocess.run([program, "-M", "pc", "-cpu", model, "-bios", BIOS, "-display", "none", "-serial", "stdio",
                          "-m", "64", "-device", "isa-debug-exit,iobase=0xf4"],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60).stdout.decode()
    answers = {}
    for line in out.splitlines():
        words = [int(w, 16) for w in line.split()]
        answers[words[0], words[1]] = dict(zip(REGISTERS, words[2:]))
    return answers


def implemented(model, feature):
    run = subprocess.run([PROGRAM, "-M", "pc", "-cpu", f"{model},+{feature}", "-bios", "/nonexistent"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    return b"not implemented" not in run.stderr


PROGRAM, QEMU, BIOS, FEATURES = sys.argv[1:]
rows = re.findall(r"^FEATURE\((\w+), (\w+), (\d+), (\w+), (\d+)", open(FEATURES).read(), re.M)
wrong = []
for model in MODELS:
    ours, theirs = cpuid(PROGRAM, model), cpuid(QEMU, model)
    assert ours and theirs, model
    for leaf, reg in WHOLE:
        if ours[leaf, 0][reg] != theirs[leaf, 0][reg]:
            wrong.append(f"{model}: leaf {leaf:x} {reg}: {ours[leaf, 0][reg]:x}, peer {theirs[leaf, 0][reg]:x}")
    last = {False: theirs[0, 0]["EAX"], True: theirs[0x80000000, 0]["EAX"]}
    known = set()
    for name, leaf, subleaf, reg, bit in rows:
        leaf, subleaf, bit = int(leaf, 0), int(subleaf), int(bit)
        known.add((leaf, subleaf, reg, bit))
        if not leaf or leaf > last[leaf >= 0x80000000] or (leaf, subleaf) not in ours:
            continue
        have, want = (a[leaf, subleaf][reg] >> bit & 1 for a in (ours, theirs))
        if (have and not want and name not in MORE) or (want and not have and implemented(model, name)):
            wrong.append(f"{model}: {name}: {have}, peer {want}")
    for leaf, regs in ((1, ["ECX", "EDX"]), (7, ["EBX", "ECX", "EDX"]), (0x80000001, ["ECX", "EDX"])):
        if leaf > last[leaf >= 0x80000000]:
            continue
        for reg in regs:
            for bit in range(32):
                have, want = (a[leaf, 0][reg] >> bit & 1 for a in (ours, theirs))
                mirror = leaf == 0x80000001 and reg == "EDX"  # AMD's, checked with leaf 1
                if have != want and (leaf, 0, reg, bit) not in known and (leaf, reg, bit) not in LESS and not mirror:
                    wrong.append(f"{model}: leaf {leaf:x} {reg} bit {bit}: {have}, peer {want}")
print("\n".join(wrong) or f"{len(MODELS)} models are right")
sys.exit(bool(wrong))
