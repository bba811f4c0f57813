/* Who makes the access that device code is serving. Most devices do not care; registers that are banked by CPU (GICv2)
 * and doorbells that tell their writers apart (the GICv3 ITS) do. */
#pragma once
#include <stdint.h>

extern _Thread_local int requester_cpu; /* number of the vCPU whose access this thread makes (set by cpu/); else 0 */
extern _Thread_local uint32_t requester_id; /* its bus's number for the bus master while that one stores; else 0 */
