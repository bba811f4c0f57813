/* dragoman: options -> machine -> run -> exit code. */
#include "config.h"

#include <stdio.h>

int main(void)
{
    puts("dragoman " VERSION);
    return 0;
}
