/* The log: -d chooses what, -D where. */
#pragma once
#include "base/error.h"
#include "base/text.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum LogBit {
#define LOG(name, option, help) LOG_BIT_##name,
#include "base/log.def"
};
enum LogMask {
#define LOG(name, option, help) LOG_##name = 1u << LOG_BIT_##name,
#include "base/log.def"
};

extern uint32_t log_mask; /* set before the machine runs or while it stands still */

static inline bool log_on(uint32_t what)
{
    return __builtin_expect(log_mask & what, 0);
}

/* -d LIST: names of log.def, comma-separated. -D FILE. -dfilter START+LEN|START-LEN|START..END,... */
bool log_choose(const char *list, Error *err);
bool log_to(const char *path, Error *err);
bool log_filter(const char *ranges, Error *err);
bool log_in_filter(uint64_t guest_address);
void log_help(Out *);

/* One line (a newline is added), written whole whatever other threads do. */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_args(const char *fmt, va_list args);
void log_text(const char *text); /* several lines, as they are */
void log_flush(void);            /* to the file, now */

/* The guest did something its manual forbids / asked for something we lack. Each goes out only if -d asked for it. */
void log_guest(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_unimp(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
