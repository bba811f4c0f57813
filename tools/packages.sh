# The Debian packages that each part of the work needs; source this.
# shellcheck shell=bash disable=SC2034
build_packages=(gcc libc6-dev meson ninja-build pkgconf python3 libcapstone-dev libfdt-dev libslirp-dev zlib1g-dev libzstd-dev libjansson-dev libsdl2-dev libncurses-dev)
test_packages=(check libsubunit-dev libmpfr-dev libgmp-dev clang clang-format libclang-rt-14-dev llvm-14 git
    gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user qemu-system-arm qemu-system-x86 seabios device-tree-compiler gdb-multiarch xvfb libxtst6)
