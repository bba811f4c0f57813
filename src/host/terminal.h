/* The terminal that was given over to a guest: raw while the program runs in the foreground, as it was at every way out
 * (exit, signals, abort, Ctrl-Z). */
#pragma once
#include <stdbool.h>

/* `signals`: Ctrl-C, Ctrl-Z and Ctrl-\ keep their meaning; else they go to the guest. Not a terminal: nothing happens.
 */
void terminal_raw(int fd, bool signals);
void terminal_restore(void); /* async-signal-safe */
void terminal_again(void);   /* after SIGCONT: raw again if this is the foreground */
