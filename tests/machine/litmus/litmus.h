/* Between the tests' runner and a board: an architecture's threads, and how it does input, output and CPUs. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CPUS = 4 };
typedef uint32_t Var;
typedef unsigned long Word;

typedef struct Body { /* what a thread does; odd threads get x and y exchanged */
    void (*run)(Var *first, Var *second, Var *out);
    unsigned bits; /* of its outcome */
} Body;

typedef struct Test {
    const char *name;
    unsigned threads;
    Body body[CPUS];
    bool final;    /* the outcome is whether 1 remains in x, in y: two bits */
    int forbidden; /* outcome, or -1 */
    unsigned needs;
} Test;

void print(const char *);
void print_number(Word n, unsigned base, unsigned digits);
void barrier(void);
void everybody(void);                               /* runs board_part on all CPUs */
void run(void);                                     /* all tests, on CPU 0 */
void helper(unsigned me) __attribute__((noreturn)); /* the others */

/* the board's */
extern const Test tests[]; /* ends with a NULL name */
void put(char);
char get(void);
void relax(void);
unsigned board_features(void);
Word board_tests(Word runs); /* what no table says; the number of wrong outcomes */
void board_part(unsigned me);
void power_off(void);
