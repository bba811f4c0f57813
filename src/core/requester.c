#include "core/requester.h"

_Thread_local int requester_cpu;
_Thread_local uint32_t requester_id;
