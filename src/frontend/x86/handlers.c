/* The handlers by row: apart from the decoder, which tests use alone. */
#include "frontend/x86/decode.h"

X86Handler *const x86_handlers[] = {
#define OP(encoding, name, operands, attributes, feature) i86_##name,
#include "frontend/x86/opcodes.def"
};
