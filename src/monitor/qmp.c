/* The monitor for programs: JSON objects both ways, as QEMU's QMP specification has it. */
#include "base/alloc.h"
#include "monitor/session.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* One message of a client may be so long and so deep. */
enum { MESSAGE_BOUND = 4 << 20, DEPTH_BOUND = 1024 };

static void send(Monitor *mon, json_t *message)
{
    char *text = json_dumps(message, JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII | (mon->pretty ? JSON_INDENT(4) : 0));
    bytes_put(&mon->output, text, strlen(text), SIZE_MAX);
    monitor_write(mon, "\r\n", 2);
    free(text);
    json_decref(message);
}

static void opened(Monitor *mon)
{
    mon->negotiated = false;
    send(mon, json_pack("{s:{s:o,s:[]}}", "QMP", "version", monitor_version(), "capabilities"));
}

static void event(Monitor *mon, json_t *e)
{
    if (mon->negotiated)
        send(mon, json_incref(e));
}

static void reply(Monitor *mon, json_t *value, const Ask *a)
{
    json_t *message = value ? json_pack("{s:o}", "return", value)
                            : json_pack("{s:{s:s,s:s}}", "error", "class", a->class ? a->class : "GenericError", "desc",
                                        a->err->text);
    if (mon->id)
        json_object_set_new(message, "id", mon->id);
    mon->id = NULL;
    send(mon, message);
}

static void refuse(Monitor *mon, const char *class, const char *text)
{
    Error err;
    error_set(&err, "%s", text);
    Ask a = { .err = &err, .class = class };
    reply(mon, NULL, &a);
}

static void forget(Monitor *mon)
{
    json_decref(mon->args);
    json_decref(mon->id);
    mon->args = mon->id = NULL;
    mon->depth = 0;
    mon->in_string = mon->escaped = mon->discard = false;
    bytes_drop(&mon->text, mon->text.len);
}

static void run(Monitor *mon)
{
    Error err;
    Ask a = monitor_ask(mon, &err);
    a.args = mon->args;
    mon->args = NULL;
    json_t *value = command_run(mon->command, &a);
    if (value && mon->command->name && !strcmp(mon->command->name, "qmp_capabilities"))
        mon->negotiated = true;
    reply(mon, value, &a);
    json_decref(a.args);
}

/* The members a request may have; false: it was refused. */
static bool request_shape(Monitor *mon, json_t *request)
{
    Error err;
    const char *key;
    json_t *value, *execute = json_object_get(request, "execute"), *args = json_object_get(request, "arguments");
    mon->id = json_incref(json_object_get(request, "id"));
    json_object_foreach(request, key, value)
    {
        if (strcmp(key, "execute") && strcmp(key, "arguments") && strcmp(key, "id")) {
            error_set(&err, "QMP input member '%s' is unexpected", key);
            return refuse(mon, NULL, err.text), false;
        }
    }
    const char *wrong = !execute                        ? "QMP input lacks member 'execute'"
                        : !json_is_string(execute)      ? "QMP input member 'execute' must be a string"
                        : args && !json_is_object(args) ? "QMP input member 'arguments' must be an object"
                                                        : NULL;
    if (wrong)
        refuse(mon, NULL, wrong);
    return !wrong;
}

static void request(Monitor *mon, json_t *r)
{
    Error err;
    if (!json_is_object(r)) {
        refuse(mon, NULL, "QMP input must be a JSON object");
        return;
    }
    if (!request_shape(mon, r))
        return;
    const char *name = json_string_value(json_object_get(r, "execute"));
    bool first = !strcmp(name, "qmp_capabilities");
    mon->command = command_named(name);
    if (!mon->negotiated && !first) {
        refuse(mon, "CommandNotFound", "Expecting capabilities negotiation with 'qmp_capabilities'");
    } else if (mon->negotiated && first) {
        refuse(mon, "CommandNotFound", "Capabilities negotiation is already complete, command ignored");
    } else if (!mon->command) {
        error_set(&err, "The command %s has not been found", name);
        refuse(mon, "CommandNotFound", err.text);
    } else {
        json_t *args = json_object_get(r, "arguments");
        mon->args = args ? json_incref(args) : json_object();
        if (args_check(mon->command, mon->args, &err)) {
            monitor_run(mon, mon->command->still);
            return;
        }
        json_decref(mon->args);
        mon->args = NULL;
        refuse(mon, NULL, err.text);
    }
}

static void message(Monitor *mon)
{
    json_error_t where;
    json_t *r = json_loadb((const char *)bytes_peek(&mon->text), mon->text.len, JSON_REJECT_DUPLICATES, &where);
    bytes_drop(&mon->text, mon->text.len);
    if (r) {
        request(mon, r);
        json_decref(r);
        return;
    }
    Error err;
    error_set(&err, "JSON parse error, %s", where.text);
    refuse(mon, NULL, err.text);
}

/* The rest of a line that cannot be understood goes unread, so that one mistake is one answer. */
static void give_up(Monitor *mon, const char *why)
{
    bytes_drop(&mon->text, mon->text.len);
    mon->depth = 0;
    mon->in_string = mon->escaped = false;
    mon->discard = true;
    refuse(mon, NULL, why);
}

/* Whether a byte can be in JSON here at all, so that garbage is given up where it begins. */
static bool plausible(const Monitor *mon, char c)
{
    if (mon->in_string)
        return (unsigned char)c >= ' ';
    return (c && strchr(" \t\r\n{}[]:,\"+-.", c)) || isalnum((unsigned char)c);
}

static void in_message(Monitor *mon, char c)
{
    if (!plausible(mon, c)) {
        give_up(mon, "Invalid JSON syntax");
        mon->discard = c != '\n';
        return;
    }
    bytes_put(&mon->text, &c, 1, SIZE_MAX);
    if (mon->in_string) {
        bool ends = c == '"' && !mon->escaped;
        mon->escaped = c == '\\' && !mon->escaped;
        mon->in_string = !ends;
    } else if (c == '"') {
        mon->in_string = true;
    } else if (c == '{' || c == '[') {
        mon->depth++;
    } else if (c == '}' || c == ']') {
        mon->depth--;
    }
    if (mon->depth > DEPTH_BOUND)
        give_up(mon, "JSON nesting depth limit exceeded");
    else if (mon->text.len > MESSAGE_BOUND)
        give_up(mon, "JSON token size limit exceeded");
    else if (!mon->depth)
        message(mon);
}

static size_t take(Monitor *mon, const char *bytes, size_t len)
{
    size_t i = 0;
    while (i < len && !mon->waits) {
        char c = bytes[i++];
        if (mon->discard)
            mon->discard = c != '\n';
        else if (mon->depth || c == '{' || c == '[')
            in_message(mon, c);
        else if (!strchr(" \t\r\n", c) || !c)
            give_up(mon, "Invalid JSON syntax");
    }
    return i;
}

const MonitorKind monitor_json = { opened, take, run, forget, event };
