/* Questions whose answer is always the same here, most of them about what this version does not have. Management tools
 * ask them before they start a guest. */
#include "monitor/command.h"

extern const Command constant_commands[];
const Command constant_commands[] = {
    { "query-kvm", NULL, NULL, "{enabled:bool present:bool}", "whether guest code runs without translation",
      .answer = "{\"enabled\":false,\"present\":false}" },
    { "query-current-machine", NULL, NULL, "{wakeup-suspend-support:bool}", "what this machine can do",
      .answer = "{\"wakeup-suspend-support\":false}" },
    { "query-vnc", NULL, NULL, "{enabled:bool}", "whether VNC shows the screen", .answer = "{\"enabled\":false}" },
    { "query-tpm-models", NULL, NULL, "[str]", "trusted platform modules", .answer = "[]" },
    { "query-tpm-types", NULL, NULL, "[str]", "what is behind trusted platform modules", .answer = "[]" },
    { "query-tpm", NULL, NULL, "[json]", "trusted platform modules of the machine", .answer = "[]" },
    { "query-iothreads", NULL, NULL, "[json]", "threads for devices", .answer = "[]" },
    { "query-memory-devices", NULL, NULL, "[json]", "memory that can be added", .answer = "[]" },
    { "query-jobs", NULL, NULL, "[json]", "what runs in the background", .answer = "[]" },
    { "query-block-jobs", NULL, NULL, "[json]", "what drives do in the background", .answer = "[]" },
    { "query-fdsets", NULL, NULL, "[json]", "file descriptors handed over", .answer = "[]" },
    { "query-migrate", NULL, NULL, "{}", "how a migration goes", .answer = "{}" },
    { "query-migrate-capabilities", NULL, NULL, "[json]", "ways of migrating", .answer = "[]" },
    { "query-stats", NULL, "target:vm|vcpu vcpus?:[str] providers?:[str]", "[json]", "what was counted",
      .answer = "[]" },
    { "query-dump", NULL, NULL, "{status:str completed:int total:int}", "how a dump goes",
      .answer = "{\"status\":\"none\",\"completed\":0,\"total\":0}" },
    { "query-dirty-rate", NULL, NULL, "{status:str start-time:int calc-time:int sample-pages:int mode:str}",
      "how fast memory is written",
      .answer = "{\"status\":\"unstarted\",\"start-time\":0,\"calc-time\":0,\"sample-pages\":0,"
                "\"mode\":\"page-sampling\"}" },
    { "query-stats-schemas", NULL, "provider?:str", "[json]", "what is counted", .answer = "[]" },
    { "query-hotpluggable-cpus", NULL, NULL, NULL, "CPUs that can be added",
      .refusal = "The feature 'query-hotpluggable-cpus' is not enabled" },
    { "query-balloon", NULL, NULL, NULL, "memory that the guest gave back", .class = "DeviceNotActive",
      .refusal = "No balloon device has been activated" },
    { "balloon", "balloon", "value:size", NULL, "ask the guest for memory", .class = "DeviceNotActive",
      .refusal = "No balloon device has been activated" },
    { "inject-nmi", "nmi", NULL, NULL, "an interrupt that cannot be masked",
      .refusal = "this machine has no interrupt that cannot be masked" },
    { 0 },
};
