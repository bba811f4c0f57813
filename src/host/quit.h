/* How the user ends or suspends the program: Ctrl-A x, SIGINT, SIGTERM, SIGHUP, Ctrl-Z. */
#pragma once
#include <stdbool.h>

/* What ends the machine (machine_stop) when the user asks; called on any thread. */
void quit_to(void (*fn)(void *who), void *who);
void quit_ask(void); /* before quit_to: ends the program */

/* The signals that end or suspend come to the host loop from now on, so that the terminal is put right and drives are
 * flushed. Before any other thread is made. A second request while the first is being served ends at once. */
void quit_on_signals(void);
int quit_signal(void); /* the signal that ended the machine, or 0 */
