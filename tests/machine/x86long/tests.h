#pragma once
#include "long.h"

void set_types(void); /* descriptors of many types, from FIRST on */
void say_level(unsigned);
uint16_t level(unsigned); /* code segments: 64 bits and 32, level 0 and 3 */
enum { LEVELS_ALL = 4 };

void test_gates(void);
void test_far(void);
void test_calls(void);
void test_control(void);
