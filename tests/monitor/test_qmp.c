/* The monitor for programs: what goes over the wire. */
#include "tests/monitor/session.h"

#include <check.h>
#include <jansson.h>
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
            "{\"return\":{\"running\":true,\"singlestep\":false,\"status\":\"running\"},\"id\":{\"a\":[1,null]}}");
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
            "{\"return\":{\"running\":true,\"singlestep\":false,\"status\":\"running\"}}");
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
    char *said = session(MONITOR_JSON, HELLO "{\"execute\":\"stop\"}{\"execute\":\"stop\"}{\"execute\":\"cont\"}" QUIT);
    expect_event(said, 2, "STOP");
    expect(said, 3, "{\"return\":{}}");
    expect(said, 4, "{\"return\":{}}");
    expect_event(said, 5, "RESUME");
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

int main(void)
{
    Suite *s = suite_create("monitor/qmp");
    TCase *c = tcase_create("qmp");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, greets_with_a_version_and_wants_negotiation_first);
    tcase_add_test(c, an_id_comes_back_whatever_it_is);
    tcase_add_test(c, malformed_requests_are_answered_once);
    tcase_add_test(c, a_message_may_come_in_pieces_and_close_to_another);
    tcase_add_test(c, deep_and_endless_messages_are_given_up);
    tcase_add_test(c, events_come_before_the_answer_to_what_made_them);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
