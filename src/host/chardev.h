/* A character device: bytes to and from the outside world. Kinds: null, mem, stdio, file, pipe, pty, socket, mux. */
#pragma once
#include "base/error.h"
#include "base/text.h"
#include <stdbool.h>
#include <stddef.h>

typedef struct Chardev Chardev;
struct Chardev {
    const char *id;
    /* Device to world, under the machine lock; how many were taken. Never blocks: fewer than all means that the other
     * end is slow, and event(CHARDEV_WRITABLE) follows when there is room again. */
    size_t (*write)(Chardev *, const void *, size_t);
    /* set by the device, called under the machine lock: */
    size_t (*room)(void *dev);                        /* how many bytes it can take now */
    void (*receive)(void *dev, const void *, size_t); /* world to device: at most room() */
    void (*event)(void *dev, int what);               /* CHARDEV_BREAK, ... or NULL */
    void *dev;
    void (*accept)(Chardev *); /* the device calls this when room() grew; may be NULL */
    bool about;                /* chardev_about */
    bool late;                 /* nobody is at the other end before event(CHARDEV_OPENED) */
};
enum { CHARDEV_BREAK = 1, CHARDEV_OPENED, CHARDEV_CLOSED, CHARDEV_WRITABLE };

/* -chardev KIND,id=ID,key=value,...; with mux=on several devices share it, and Ctrl-A c turns the keyboard round. */
bool chardev_add(const char *line, Error *);

/* -serial WHERE, -monitor WHERE: makes the chardev `id`. WHERE is null, none (nothing is made), stdio, file:PATH,
 * pipe:PATH, pty, tcp:HOST:PORT,options, telnet:..., unix:PATH,options, chardev:ID, or mon: in front of one of them,
 * which makes a mux whose second front end is chardev "monitor". */
bool chardev_open(const char *id, const char *where, Error *);

/* What devices write is taken at once, however slow the other end is: a machine that counts instructions must not
 * notice. What is then too much is lost. */
void chardevs_take_all(bool);

/* Who reads there looks at the machine and is no part of it: a monitor, a debugger. */
void chardev_about(Chardev *);

Chardev *chardev_find(const char *id);         /* NULL: none of that id. For a mux each call makes another front end */
Chardev *chardev_next(Chardev *);              /* all of them; NULL begins and ends */
void chardev_describe(const Chardev *, Out *); /* "unix:PATH,server=on", "pty:/dev/pts/1", "stdio" */
const char *chardev_kind(int i);               /* names of the kinds, from 0; NULL: no more */
void chardevs_help(Out *);
void chardevs_close(void); /* loop stopped: writes out what waits (a second at most), frees all */

/* The memory twin: what was written is in chardev_written, what the world sends is typed in this thread. */
Chardev *chardev_mem(const char *id);
void chardev_type(Chardev *mem, const char *text);
const char *chardev_written(Chardev *mem); /* all of it, zero-terminated */
Chardev *chardev_mux_base(const char *id); /* what lies under the mux or front end `id` */
