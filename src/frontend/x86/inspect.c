/* What debuggers are told beside the state table. */
#include "frontend/x86/guest.h"
#include "frontend/x86/sys.h"

const GuestDebug x86_debug = { .own_watch = x86_own_watch };
