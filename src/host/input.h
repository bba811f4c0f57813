/* Keyboard and mouse: what the user does, to the device that listens. Keys are numbers of keys.def. A device offers
 * itself, the last one to do so hears everything; all calls are made under the machine lock. Who brings input from the
 * host posts it through the door (DOOR_ORDER) and calls these from there. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { BUTTON_LEFT = 1, BUTTON_RIGHT = 2, BUTTON_MIDDLE = 4 };

typedef struct Listener {
    const char *name;
    void (*key)(void *dev, int key, bool down);                       /* or NULL */
    void (*mouse)(void *dev, int dx, int dy, int wheel, int buttons); /* movements down and right are positive */
    /* Of a device that is told places rather than movements, from 0 to INPUT_PLACES in both directions; or NULL. */
    void (*point)(void *dev, int x, int y, int wheel, int buttons);
    void *dev;
    struct Listener *next;
} Listener;
enum { INPUT_PLACES = 0x7fff };

void input_listen(Listener *);
void input_deafen(Listener *);
const Listener *input_next(const Listener *); /* all of them, who hears first first; NULL begins and ends */

/* false: nobody listens */
bool input_key(int key, bool down);
bool input_mouse(int dx, int dy, int wheel, int buttons);
bool input_point(int x, int y, int wheel, int buttons);
bool input_points(void); /* somebody listens to places; from any thread */

/* Names as sendkey has them: "a", "ret", "ctrl"; a number as 0x1e is one of key_numbered. 0: no such key. */
int key_named(const char *name, unsigned long len);
int key_numbered(unsigned long number); /* a code of set 1, plus 80h if e0 comes first. 0: no such key */
const char *key_name(int key);          /* NULL: none */
int key_of_usage(unsigned usage);       /* of USB's keyboard page, SDL's scancodes. 0: no such key */
/* The key that types this character on a US keyboard, and whether with shift; 0: none. */
int key_of_char(uint32_t character, bool *shift);
/* The bytes of a key in scan code set 1 or 2: 0xe0 or 0xe1 in the upper half says that it comes first. 0: none. */
uint16_t key_code(int key, int set);
