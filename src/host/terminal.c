#include "host/terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static struct Terminal {
    int fd;
    bool taken;
    struct termios before, raw;
} terminal = { .fd = -1 };

void terminal_restore(void)
{
    if (terminal.taken)
        tcsetattr(terminal.fd, TCSANOW, &terminal.before);
}

/* abort() must not leave a dead terminal behind. */
static void aborted(int signo)
{
    terminal_restore();
    signal(signo, SIG_DFL);
    raise(signo);
}

void terminal_again(void)
{
    /* a background process that sets the terminal would be stopped again (SIGTTOU), or spoil it for the shell */
    if (terminal.taken && tcgetpgrp(terminal.fd) == getpgrp())
        tcsetattr(terminal.fd, TCSANOW, &terminal.raw);
}

void terminal_raw(int fd, bool signals)
{
    if (!isatty(fd) || (!terminal.taken && tcgetattr(fd, &terminal.before)))
        return;
    struct termios *raw = &terminal.raw;
    *raw = terminal.before;
    raw->c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    raw->c_oflag |= OPOST; /* our own messages end lines with \n */
    raw->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | (signals ? 0 : ISIG));
    raw->c_cflag = (raw->c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
    raw->c_cc[VMIN] = 1;
    raw->c_cc[VTIME] = 0;
    if (!terminal.taken) {
        atexit(terminal_restore);
        signal(SIGABRT, aborted);
    }
    terminal.fd = fd;
    terminal.taken = true;
    terminal_again();
}
