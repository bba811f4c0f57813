/* The one door between the host and the machine. Whatever the outside world tells a machine - characters, frames,
 * finished disk requests, the user's orders - is a message through here, delivered later on the machine's thread under
 * its lock. Nothing a host thread does reaches a device by another way, so a log of this door replays a run. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum DoorKind { DOOR_CHARS, DOOR_FRAME, DOOR_DISK, DOOR_ORDER } DoorKind;
typedef void DoorFn(void *who, const void *bytes, size_t len);

/* From any thread: `fn(who, copy of bytes, len)` will run in order of posting. `source` names the sender in the log. */
void door_post(DoorKind, const char *source, DoorFn *fn, void *who, const void *bytes, size_t len);

/* Where messages go: core's machine_post. Until the door is opened they wait, and door_deliver brings them in (start-up
 * and tests). Shutting it keeps what comes later waiting. */
typedef void DoorPost(void *to, void (*fn)(void *message, uint64_t), void *message, uint64_t data);
void door_open(DoorPost *, void *to);
void door_shut(void);

void door_forget(const void *who); /* `who` goes: what waits for it is dropped. Not for what an open door passed on */

int door_deliver(void);         /* runs the waiting messages in the calling thread; how many there were */
bool door_wait(int at_most_ms); /* until one waits; false: none came */
