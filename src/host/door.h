/* The one door between the host and the machine. Whatever the outside world tells a machine - characters, frames,
 * finished disk requests, the user's orders - is a message through here, delivered later on the machine's thread under
 * its lock. Nothing a host thread does reaches a device by another way, so a log of this door (host/replay.h) replays a
 * run. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first are what a recording keeps: the others do nothing to the machine (a look at its screen, a monitor), or come
 * by its own clock when it counts instructions (disks). */
typedef enum DoorKind { DOOR_CHARS, DOOR_EVENT, DOOR_FRAME, DOOR_INPUT, DOOR_RECORDED, DOOR_DISK, DOOR_ORDER } DoorKind;
typedef void DoorFn(void *who, const void *bytes, size_t len);

/* From any thread: `fn(who, copy of bytes, len)` will run in order of posting. `source` names the sender in the log. */
void door_post(DoorKind, const char *source, DoorFn *fn, void *who, const void *bytes, size_t len);

/* Who posts messages of a recorded kind. When a recording is played, what it says came from there is given to `play`,
 * and what really comes to `lost`, which may be NULL. `source` outlives it. */
void door_source(DoorKind, const char *source, DoorFn *play, DoorFn *lost, void *who);
void door_about(const void *who); /* its messages are about the machine, not to it: they pass, unrecorded */
/* The next entry of the recording is delivered; false: there is no such source here. */
bool door_play(void);

/* Where messages go: core's machine_post. Until the door is opened they wait, and door_deliver brings them in (start-up
 * and tests). Shutting it keeps what comes later waiting. */
typedef void DoorPost(void *to, void (*fn)(void *, uint64_t), void *message, uint64_t data);
void door_open(DoorPost *, void *to);
void door_shut(void);

void door_forget(const void *who); /* `who` goes: what waits for it is dropped, and its sources */

int door_deliver(void);         /* runs the waiting messages in the calling thread; how many there were */
bool door_wait(int at_most_ms); /* until one waits; false: none came */
