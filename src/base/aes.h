/* The steps of AES (FIPS 197). A state is 16 bytes, column after column. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

void aes_shift_sub(uint8_t state[16], bool inverse); /* ShiftRows and SubBytes, in whichever order */
void aes_mix(uint8_t state[16], bool inverse);       /* MixColumns */
uint32_t aes_sub_word(uint32_t);
