/* The types that rows of commands declare, monitor/command.h has the language. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A piece of a declaration. */
typedef struct Type {
    const char *at;
    size_t len;
} Type;

typedef struct Member {
    char name[40];
    Type type;
    bool optional;
    char flag; /* in the human monitor the value comes after -FLAG; 0: in its place */
} Member;

Type type_of_text(const char *text); /* all of it; NULL: an empty object */
/* The next of "NAME:TYPE NAME?:TYPE", false at the end; *at moves on. */
bool member_next(const char **at, const char *end, Member *);
bool type_is_list(Type, Type *element);
bool type_is_object(Type, const char **members, const char **end);
bool type_is_choice(Type); /* a|b|c */
bool choice_next(const char **at, const char *end, Type *word);
bool type_is(Type, const char *name);

/* Whether a value is of the type, to the last member. */
bool type_holds(Type, const json_t *);
