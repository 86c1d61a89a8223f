#include <fmt/format.h>

#include <memory>

#include "synap/commands.h"
#include "synap/output.h"
#include "synap/pod_client.h"

namespace synap::cli {
namespace {

std::int64_t integer_of(const Json& object, std::string_view key) {
  const Json* value = object.find(key);
  return value != nullptr && value->is_integer() ? value->as_integer() : 0;
}

void show(const Json& result) {
  const Json& head = *result.find("head");
  const auto events = integer_of(result, "events");
  if (const Json* broken = result.find("broken")) {
    print_line(printable(fmt::format("broken at position {}: {}", integer_of(*broken, "position"),
                                     broken->string_or("what", ""))));
    print_line(fmt::format("{} events before it are whole", events));
    return;
  }
  print_line(fmt::format("ok: {} events, head {} {}", events, integer_of(head, "position"),
                         printable(head.string_or("hash", ""))));
}

// Part by part; what is appended meanwhile is verified too.
int verify(const ClientOptions& options) {
  auto pod = PodClient::make(options);
  if (!pod) return report(pod.error(), options.is_json);
  Json input = Json::object();
  Json result = Json::object({{"events", 0}, {"ok", true}});
  std::int64_t events = 0;
  for (;;) {
    auto part = pod->query("log.verify", input);
    if (!part) return report(part.error(), options.is_json);
    events += integer_of(*part, "events");
    if (const Json* broken = part->find("broken")) {
      result.set("ok", false).set("broken", *broken);
      break;
    }
    const Json* next = part->find("nextAfter");
    if (next == nullptr) break;
    input.set("after", *next);
  }
  auto head = pod->query("events.head", Json::object());
  if (!head) return report(head.error(), options.is_json);
  result.set("events", events).set("head", std::move(*head));
  if (options.is_json) {
    print_json(result);
  } else {
    show(result);
  }
  return result.find("broken") == nullptr ? kExitOk : kExitFailure;
}

}  // namespace

Command log_verify_command() {
  auto options = std::make_shared<ClientOptions>();
  Command command{.words = "log verify",
                  .docs = "Recompute the log's hash chain: was anything changed behind its back?",
                  .example = "synap log verify --json",
                  .run = [options] { return verify(*options); },
                  .outlives_readers = true};
  for (auto& option : client_options(*options)) command.options.push_back(option);
  return command;
}

}  // namespace synap::cli
