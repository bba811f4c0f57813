/* A snapshot is the whole state of a machine in one file:
 *
 *   a JSON object, one member a line, that says what machine it is of: the one it is loaded into must be the same
 *   records, each "@NAME SIZE CRC\n" and SIZE bytes, where SIZE is 16 and CRC (of zlib, of the bytes) 8 hex digits:
 *     clock        virtual time
 *     DEVICE       its state table, its registers' storage and its output lines, in text
 *     cpuN/run     what the engine keeps of a CPU
 *     ram/REGION   pages that are not zero: {number, 8 bytes little-endian; 4096 bytes}..., compressed by zlib
 *     drive/ID     what was written to it, if those writes are private to this run
 *     end
 *
 * Not part of it: connections of the network, what a host program typed and the guest has not read, the host's files.
 */
#pragma once
#include "core/machine.h"

/* Both: from machine_still, or before machine_run, under the machine lock. Save writes a new file and puts it in
 * the place of PATH when it is whole. Load changes nothing unless everything in the file was found to fit; it refuses,
 * naming the field, what does not. */
bool snapshot_save(Machine *, const char *path, Error *err);
bool snapshot_load(Machine *, const char *path, Error *err);
/* Whether a file looks like one, and the virtual time in it. */
bool snapshot_peek(const char *path, int64_t *clock, Error *err);
