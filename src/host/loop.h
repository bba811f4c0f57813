/* The host thread that waits for file descriptors. Sources say before each wait what they wait for and are told after
 * it what came; both run on the loop's thread, which never takes the machine lock: news goes through host/door.h. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct LoopSource {
    void (*prepare)(void *who);  /* calls loop_poll and loop_within */
    void (*dispatch)(void *who); /* calls loop_ready */
    void *who;
    struct LoopSource *next;
} LoopSource;

void loop_start(void); /* once; sources may be added before and after */
void loop_stop(void);  /* returns when the thread is gone */
void loop_add(LoopSource *);
void loop_remove(LoopSource *); /* not from a source; on return it is not running and will not run */
void loop_wake(void);           /* from any thread: prepare again */

int loop_poll(int fd, short events); /* in prepare: a number for loop_ready; -1 if events is 0 */
void loop_within(int64_t ns);        /* in prepare: dispatch no later than this from now */
short loop_ready(int number);        /* in dispatch: POLLIN, ...; 0 for -1 */
