// The messages of workers: from whoever has a key, and the first from anybody. Every reader is
// given the same bytes, and what is written of what was read says the same.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "inngest/connect/messages.h"
#include "inngest/connect/worker_reply.h"

using namespace synap::inngest;

namespace {

void check_within(std::string_view part, std::string_view whole) {
  if (part.empty()) return;
  SYNAP_CHECK(
      part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size(),
      "what is read points into what it was read from");
}

void read_all(std::string_view bytes) {
  std::ignore = is_start_request(bytes);
  if (const auto id = read_request_ack(bytes)) check_within(*id, bytes);
  if (const auto lease = read_lease_extension(bytes)) {
    check_within(lease->lease_id, bytes);
    SYNAP_CHECK(synap::valid_utf8_prefix(lease->request_id) == lease->request_id.size(), "UTF-8");
  }
  if (const auto reply = read_worker_reply(bytes)) {
    check_within(reply->body, bytes);
    std::ignore = response_of(*reply);
  }
  if (const auto connect = read_worker_connect(bytes)) {
    SYNAP_CHECK(connect->apps.size() <= kAppsOfWorkerMax, "apps are bounded");
    for (const auto& app : connect->apps) check_within(app.functions, bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_all(bytes);
  const auto message = read_message(bytes);
  if (!message) return 0;
  check_within(message->payload, bytes);
  read_all(message->payload);
  const auto written = write_message(message->kind, message->payload);
  const auto again = read_message(written);
  SYNAP_CHECK(again && again->kind == message->kind && again->payload == message->payload,
              "a message that is written is read as it was");
  return 0;
}
