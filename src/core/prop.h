/* Properties: what an object can be told, set by text. */
#pragma once
#include "core/machine.h"

/* Everything below returns false with an error that names the property, and the nearest known one for an unknown name.
 * `object` is the struct the rows' offsets are into. */
bool props_init(const Prop *, void *object, Machine *, Error *err); /* defaults; first */
bool prop_set(const Prop *, void *object, Machine *, const char *name, const char *value, Error *err);
/* "key=value,key" (a key alone is on). Host objects that a machine's own table names may be missing: they stay NULL. */
bool props_parse(const Prop *, void *object, Machine *, const char *text, bool table, Error *err);
/* The first device with a property of the kind that is set to `object`; NULL: none. */
const Device *prop_user(const Machine *, PropKind, const void *object);
void props_free(const Prop *, void *object);
void props_print(const Prop *, const void *object, Out *, const char *indent);
void props_help(const Prop *, Out *);
/* Whether the value the object has is what `value` would set; false for an unknown name. */
bool prop_is(const Prop *, const void *object, const char *name, const char *value);
