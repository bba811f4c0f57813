/* The monitor for programs: what goes over the wire. */
#include "monitor/command.h"
#include "monitor/types.h"
#include "tests/monitor/session.h"
#include "tests/suite.h"

#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELLO "{\"execute\":\"qmp_capabilities\"}"
#define QUIT  "\n{\"execute\":\"quit\"}"

/* The n-th message said, from 0. */
static json_t *message(const char *said, int n)
{
    while (n-- && said)
        said = strstr(said, "\r\n") ? strstr(said, "\r\n") + 2 : NULL;
    ck_assert_ptr_nonnull(said);
    json_t *m = json_loads(said, JSON_DISABLE_EOF_CHECK, NULL);
    ck_assert_msg(m != NULL, "%s", said);
    return m;
}

static void expect(const char *said, int n, const char *want)
{
    json_t *is = message(said, n), *wanted = json_loads(want, JSON_DECODE_ANY, NULL);
    ck_assert_ptr_nonnull(wanted);
    ck_assert_msg(json_equal(is, wanted), "message %d of\n%sis not %s", n, said, want);
    json_decref(is);
    json_decref(wanted);
}

/* What message `n` of an answer to `input` is, after the greeting and the first command. */
static void answers(const char *input, int n, const char *want)
{
    char *text = malloc(strlen(input) + 200);
    strcat(strcat(strcpy(text, HELLO), input), QUIT);
    char *said = session(MONITOR_JSON, text);
    expect(said, n + 2, want);
    free(said);
    free(text);
}

#define ERROR(class, text) "{\"error\":{\"class\":\"" class "\",\"desc\":\"" text "\"}}"

START_TEST(greets_with_a_version_and_wants_negotiation_first)
{
    char *said = session(MONITOR_JSON, "{\"execute\":\"stop\"}" HELLO HELLO QUIT);
    json_t *hello = message(said, 0);
    int major = 0;
    ck_assert(!json_unpack(hello, "{s:{s:{s:{s:i}},s:[]}}", "QMP", "version", "qemu", "major", &major, "capabilities"));
    ck_assert_int_eq(major, 7);
    json_decref(hello);
    expect(said, 1, ERROR("CommandNotFound", "Expecting capabilities negotiation with 'qmp_capabilities'"));
    expect(said, 2, "{\"return\":{}}");
    expect(said, 3, ERROR("CommandNotFound", "Capabilities negotiation is already complete, command ignored"));
    free(said);
}
END_TEST

START_TEST(an_id_comes_back_whatever_it_is)
{
    answers("{\"execute\":\"query-status\",\"id\":{\"a\":[1,null]}}", 0,
            "{\"return\":{\"running\":false,\"singlestep\":false,\"status\":\"paused\"},\"id\":{\"a\":[1,null]}}");
    answers("{\"execute\":\"nothing\",\"id\":7}", 0,
            "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"The command nothing has not been found\"},\"id\":7}");
}
END_TEST

START_TEST(malformed_requests_are_answered_once)
{
    static const struct {
        const char *input, *answer;
    } cases[] = {
        { "[1]", ERROR("GenericError", "QMP input must be a JSON object") },
        { "{}", ERROR("GenericError", "QMP input lacks member 'execute'") },
        { "{\"execute\":1}", ERROR("GenericError", "QMP input member 'execute' must be a string") },
        { "{\"execute\":\"stop\",\"arguments\":1}",
          ERROR("GenericError", "QMP input member 'arguments' must be an object") },
        { "{\"execute\":\"stop\",\"more\":1}", ERROR("GenericError", "QMP input member 'more' is unexpected") },
        { "{\"execute\":\"stop\",\"arguments\":{\"x\":1}}", ERROR("GenericError", "Parameter 'x' is unexpected") },
        { "{\"execute\":\"st\x01op\"}", ERROR("GenericError", "Invalid JSON syntax") },
        { "{\"execute\":\xff}", ERROR("GenericError", "Invalid JSON syntax") },
        { "nonsense {\"execute\":\"stop\"}", ERROR("GenericError", "Invalid JSON syntax") },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        answers(cases[i].input, 0, cases[i].answer);
        answers(cases[i].input, 1, "{\"return\":{}}"); /* of quit */
    }
}
END_TEST

START_TEST(a_message_may_come_in_pieces_and_close_to_another)
{
    answers("{\"execute\" :\n \"query-status\"\n} {\"execute\":\"query-status\"}", 1,
            "{\"return\":{\"running\":false,\"singlestep\":false,\"status\":\"paused\"}}");
    answers("{\"execute\":\"x}]\\\"{\"}", 0, ERROR("CommandNotFound", "The command x}]\\\"{ has not been found"));
}
END_TEST

START_TEST(deep_and_endless_messages_are_given_up)
{
    char *deep = malloc(6 << 20);
    memset(deep, '[', 5 << 20);
    strcpy(deep + (5 << 20), "\n");
    answers(deep, 0, ERROR("GenericError", "JSON nesting depth limit exceeded"));
    answers(deep, 1, "{\"return\":{}}");
    strcpy(deep, "{\"");
    memset(deep + 2, 'x', 5 << 20);
    strcpy(deep + (5 << 20), "\n");
    answers(deep, 0, ERROR("GenericError", "JSON token size limit exceeded"));
    answers(deep, 1, "{\"return\":{}}");
    free(deep);
}
END_TEST

/* The event's name in message n, or "". */
static void expect_event(const char *said, int n, const char *name)
{
    json_t *m = message(said, n);
    const char *is = json_string_value(json_object_get(m, "event"));
    ck_assert_str_eq(is ? is : "", name);
    ck_assert(json_is_integer(json_object_get(json_object_get(m, "timestamp"), "microseconds")));
    json_decref(m);
}

START_TEST(events_come_before_the_answer_to_what_made_them)
{
    char *said = session(MONITOR_JSON, HELLO "{\"execute\":\"cont\"}{\"execute\":\"cont\"}{\"execute\":\"stop\"}" QUIT);
    expect_event(said, 2, "RESUME");
    expect(said, 3, "{\"return\":{}}");
    expect(said, 4, "{\"return\":{}}");
    expect_event(said, 5, "STOP");
    expect(said, 6, "{\"return\":{}}");
    expect(said, 7, "{\"return\":{}}");
    expect_event(said, 8, "SHUTDOWN");
    json_t *end = message(said, 8), *data = json_object_get(end, "data");
    ck_assert_str_eq(json_string_value(json_object_get(data, "reason")), "host-qmp-quit");
    ck_assert(json_is_false(json_object_get(data, "guest")));
    json_decref(end);
    free(said);
}
END_TEST

/* ---- the table ---- */

static json_t *answer_of(const char *name, const char *arguments)
{
    char input[512];
    snprintf(input, sizeof input, HELLO "{\"execute\":\"%s\",\"arguments\":%s}" QUIT, name, arguments);
    char *said = session_on(NULL, MONITOR_JSON, input);
    json_t *m = message(said, 2), *value = json_incref(json_object_get(m, "return"));
    json_decref(m);
    free(said);
    return value;
}

static bool needs_nothing(const Command *c)
{
    Member m;
    for (const char *at = c->takes ? c->takes : "", *end = at + strlen(at); member_next(&at, end, &m);)
        if (!m.optional)
            return false;
    return true;
}

START_TEST(every_answer_is_of_the_type_its_row_declares)
{
    for (const Command *c = NULL; (c = command_next(c));) {
        if (!c->name || strncmp(c->name, "query-", 6) || c->refusal || !needs_nothing(c))
            continue;
        json_t *value = answer_of(c->name, "{}");
        ck_assert_msg(value && type_holds(type_of_text(c->gives), value), "%s: %s", c->name,
                      value ? json_dumps(value, JSON_ENCODE_ANY) : "failed");
        json_decref(value);
    }
}
END_TEST

START_TEST(answers_to_arguments_are_of_the_declared_type)
{
    static const char *const calls[][2] = {
        { "qom-list", "{\"path\":\"/machine\"}" },
        { "qom-get", "{\"path\":\"/machine/unattached/device[0]\",\"property\":\"type\"}" },
        { "qom-list-types", "{\"implements\":\"cpu\"}" },
        { "device-list-properties", "{\"typename\":\"virtio-blk-pci\"}" },
        { "qom-list-properties", "{\"typename\":\"virt-machine\"}" },
        { "query-cpu-model-expansion", "{\"type\":\"full\",\"model\":{\"name\":\"max\"}}" },
        { "human-monitor-command", "{\"command-line\":\"info status\"}" },
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        json_t *value = answer_of(calls[i][0], calls[i][1]);
        const Command *c = command_named(calls[i][0]);
        ck_assert_msg(value && type_holds(type_of_text(c->gives), value), "%s", c->name);
        json_decref(value);
    }
}
END_TEST

START_TEST(types_hold_what_they_say_and_nothing_else)
{
    static const struct {
        const char *type, *value;
        bool holds;
    } cases[] = {
        { "str", "\"x\"", true },
        { "str", "1", false },
        { "int", "1", true },
        { "int", "1.5", false },
        { "a|bc", "\"bc\"", true },
        { "a|bc", "\"b\"", false },
        { "[int]", "[1,2]", true },
        { "[int]", "[1,\"2\"]", false },
        { "{a:int b?:[str]}", "{\"a\":1}", true },
        { "{a:int b?:[str]}", "{\"a\":1,\"b\":[1]}", false },
        { "{a:int b?:[str]}", "{}", false },
        { "{a:int}", "{\"a\":1,\"c\":2}", false },
        { "[{a:{b:bool} c:int}]", "[{\"a\":{\"b\":true},\"c\":0}]", true },
        { "json", "null", true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *v = json_loads(cases[i].value, JSON_DECODE_ANY, NULL);
        ck_assert_msg(type_holds(type_of_text(cases[i].type), v) == cases[i].holds, "%s %s", cases[i].type,
                      cases[i].value);
        json_decref(v);
    }
}
END_TEST

/* Whatever a type of the schema refers to is in the schema. */
START_TEST(the_schema_is_closed_and_has_every_command)
{
    static const char *const references[] = { "arg-type", "ret-type", "element-type" };
    json_t *schema = answer_of("query-qmp-schema", "{}"), *names = json_object(), *e, *m;
    size_t i, j;
    json_array_foreach(schema, i, e)
    {
        ck_assert(!json_object_get(names, json_string_value(json_object_get(e, "name"))));
        json_object_set(names, json_string_value(json_object_get(e, "name")), e);
    }
    json_array_foreach(schema, i, e)
    {
        for (int k = 0; k < 3; k++) {
            const char *to = json_string_value(json_object_get(e, references[k]));
            ck_assert_msg(!to || json_object_get(names, to), "%s", to);
        }
        json_array_foreach(json_object_get(e, "members"), j, m)
        {
            const char *to = json_string_value(json_object_get(m, "type"));
            ck_assert_msg(!to || json_object_get(names, to), "%s", to);
        }
    }
    for (const Command *c = NULL; (c = command_next(c));)
        ck_assert(!c->name || json_object_get(names, c->name));
    json_decref(names);
    json_decref(schema);
}
END_TEST

/* What a management tool says of images and networks, and what cannot be. */
START_TEST(images_and_networks_are_refused_with_the_reason)
{
    static const struct {
        const char *command, *args, *says;
    } cases[] = {
        { "blockdev-add", "'driver':'file','node-name':'n','filename':'/nowhere'",
          "/nowhere: No such file or directory; name an image file" },
        { "blockdev-add", "'driver':'file','filename':'README.md'", "'node-name' must be specified for the root node" },
        { "blockdev-add", "'driver':'qcow2','node-name':'n','file':'x'",
          "driver 'qcow2' is not there: this version has file, host_device and raw" },
        { "blockdev-add", "'driver':'raw','node-name':'n'", "Parameter 'file' is missing" },
        { "blockdev-add", "'driver':'raw','node-name':'n','file':'nobody'", "Cannot find node 'nobody'" },
        { "blockdev-add", "'driver':'raw','node-name':'n','file':{'driver':'file','filename':'/nowhere'}",
          "/nowhere: No such file or directory; name an image file" },
        { "blockdev-del", "'node-name':'nobody'", "Failed to find node with node-name='nobody'" },
        { "blockdev-del", "'node-name':'disk'", "Node disk is not owned by the monitor" },
        { "block_resize", "'device':'disk','size':513", "Parameter 'size' expects a multiple of 512 above 0" },
        { "block_resize", "'device':'disk','size':-512", "Parameter 'size' expects a multiple of 512 above 0" },
        { "block_resize", "'device':'disk','size':512", "Block node 'disk' is read-only" },
        { "block_resize", "'size':512", "Need exactly one of 'device' and 'node-name'" },
        { "netdev_add", "'type':'null','id':'net'",
          "-netdev null,id=net: the id 'net' is taken; give each netdev its own" },
        { "netdev_add", "'type':'tap','id':'t'",
          "-netdev tap,id=t: there is no kind of network 'tap'; this version has user and null" },
        { "dump-guest-memory", "'paging':false,'protocol':'fd:x'",
          "protocol: this version writes to files: file:PATH" },
        { "dump-guest-memory", "'paging':false,'protocol':'file:/nowhere/x','begin':0",
          "Parameter 'length' is missing" },
        { "dump-guest-memory", "'paging':true,'protocol':'file:x','begin':0,'length':1",
          "cannot filter memory when paging is on: choose 'paging', or 'begin' and 'length'" },
        { "dump-guest-memory", "'paging':false,'protocol':'file:/nowhere/x'", "the machine has no CPU" },
        { "transaction", "'actions':[{'type':'drive-backup','data':{}}]",
          "Parameter 'type' does not accept value 'drive-backup': this version has no action but abort" },
        { "transaction", "'actions':[{}]", "Parameter 'actions[0].type' is missing" },
        { "qom-set", "'path':'/machine','property':'nothing','value':1", "Property 'virt.nothing' not found" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = NULL, *want = NULL;
        ck_assert_int_gt(asprintf(&text, "{\"execute\":\"%s\",\"arguments\":{%s}}", cases[i].command, cases[i].args),
                         0);
        for (char *c = text; *c; c++)
            *c = *c == '\'' ? '"' : *c;
        ck_assert_int_gt(asprintf(&want, ERROR("GenericError", "%s"), cases[i].says), 0);
        answers(text, 0, want);
        free(text);
        free(want);
    }
}
END_TEST

START_TEST(images_and_networks_come_and_go)
{
    static const char add[] = "{\"execute\":\"blockdev-add\",\"arguments\":{\"driver\":\"raw\",\"node-name\":\"n\","
                              "\"read-only\":true,\"file\":{\"driver\":\"file\",\"filename\":\"meson.build\","
                              "\"read-only\":true}}}",
                      del[] = "{\"execute\":\"blockdev-del\",\"arguments\":{\"node-name\":\"n\"}}",
                      net[] = "{\"execute\":\"netdev_add\",\"arguments\":{\"type\":\"null\",\"id\":\"late\"}}",
                      no_net[] = "{\"execute\":\"netdev_del\",\"arguments\":{\"id\":\"late\"}}";
    char text[2000];
    snprintf(text, sizeof text, "%s%s%s%s%s%s%s%s%s", add, add, del, add, del, del, net, no_net, no_net);
    static const char *const want[] = { "{\"return\":{}}",
                                        ERROR("GenericError", "Duplicate nodes with node-name='#file-of-n'"),
                                        "{\"return\":{}}",
                                        "{\"return\":{}}",
                                        "{\"return\":{}}",
                                        ERROR("GenericError", "Failed to find node with node-name='n'"),
                                        "{\"return\":{}}",
                                        "{\"return\":{}}",
                                        ERROR("DeviceNotFound", "Device 'late' not found") };
    for (int i = 0; i < 9; i++)
        answers(text, i, want[i]);
}
END_TEST

START_TEST(wrong_arguments_are_named)
{
    answers("{\"execute\":\"qom-list\"}", 0, ERROR("GenericError", "Parameter 'path' is missing"));
    answers("{\"execute\":\"qom-list\",\"arguments\":{\"path\":1}}", 0,
            ERROR("GenericError", "Invalid parameter type for 'path', expected: string"));
    answers("{\"execute\":\"query-cpu-model-expansion\",\"arguments\":{\"type\":\"x\",\"model\":{}}}", 0,
            ERROR("GenericError", "Parameter 'type' does not accept value 'x'"));
    answers("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"x\"}}", 0,
            ERROR("DeviceNotFound", "Device 'x' not found"));
    answers("{\"execute\":\"query-balloon\"}", 0, ERROR("DeviceNotActive", "No balloon device has been activated"));
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("qmp");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, greets_with_a_version_and_wants_negotiation_first);
    tcase_add_test(c, an_id_comes_back_whatever_it_is);
    tcase_add_test(c, malformed_requests_are_answered_once);
    tcase_add_test(c, a_message_may_come_in_pieces_and_close_to_another);
    tcase_add_test(c, deep_and_endless_messages_are_given_up);
    tcase_add_test(c, events_come_before_the_answer_to_what_made_them);
    tcase_add_test(c, every_answer_is_of_the_type_its_row_declares);
    tcase_add_test(c, answers_to_arguments_are_of_the_declared_type);
    tcase_add_test(c, types_hold_what_they_say_and_nothing_else);
    tcase_add_test(c, the_schema_is_closed_and_has_every_command);
    tcase_add_test(c, images_and_networks_are_refused_with_the_reason);
    tcase_add_test(c, images_and_networks_come_and_go);
    tcase_add_test(c, wrong_arguments_are_named);
    return run_suite("monitor/qmp", (TCase *[]){ c, NULL });
}
