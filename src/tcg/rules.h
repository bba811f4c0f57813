/* A row of rules.def as the folder uses it: two small trees. */
#pragma once
#include "tcg/ops.h"

typedef enum NodeKind { NODE_VALUE, NODE_CONST, NODE_NUMBER, NODE_COMPUTED, NODE_OP } NodeKind;
enum { RULE_NODES = 10, RULE_VALUES = 3, RULE_CONSTS = 2, RULE_IMMS = 2 };

typedef struct RuleNode {
    uint8_t kind, op;
    uint8_t index;  /* of the variable: x y z, k l */
    uint8_t arg[3]; /* nodes; the root is node 0 of its side */
    uint8_t imm;    /* NODE_OP: 0 none, 1 i, 2 j, 3 # */
    int64_t number;
} RuleNode;

typedef struct RuleVars { /* what the variables of a row are */
    IrRef value[RULE_VALUES];
    uint64_t constant[RULE_CONSTS];
    bool bound[RULE_CONSTS];
    int imm[RULE_IMMS];
    uint64_t computed;
} RuleVars;

typedef bool RuleFn(uint64_t k, uint64_t l, int i, int j, int n, uint64_t *computed);

typedef struct RuleAgain { /* argument `at` of what is argument `in` is the other argument */
    bool wanted;
    uint8_t in, at;
} RuleAgain;

typedef struct Rule {
    const char *pattern, *replacement;
    RuleFn *holds;
    RuleNode from[RULE_NODES], to[RULE_NODES];
    bool plain; /* "op x k" */
    RuleAgain again;
    bool vector; /* holds for vector and float types too: no constants but zero */
} Rule;

bool rule_parse(Rule *, const char *pattern, const char *replacement, RuleFn *);
const Rule *ir_rules(int *count);
