#include <memory>
#include <utility>

#include "base/crew.h"
#include "net/shared_body.h"
#include "trpc/envelope.h"
#include "trpc/streams.h"

namespace synap::trpc {
namespace {

class JsonlStream {
 public:
  JsonlStream(JsonlPlan plan, net::BodyWriter& writer)
      : plan_(std::move(plan)),
        body_(writer, stop_, plan_.options.world),
        next_chunk_(plan_.calls.size()) {}

  Task<void> run() {
    const std::stop_callback when_gone(plan_.gone,
                                       [stop = stop_]() mutable { stop.request_stop(); });
    const std::size_t count = plan_.calls.size();
    co_await body_.write(jsonl_head(count));
    std::stop_source answered;
    Crew helpers;
    // A blank, never a line end: the client reads an empty line as broken JSON.
    helpers.start(body_.keep_alive(" ", plan_.options.jsonl_ping, answered.get_token()));
    Crew calls;
    for (std::size_t i = 0; i < count; ++i) calls.start(answer(i, std::move(plan_.calls[i])));
    co_await calls.join();
    answered.request_stop();
    co_await helpers.join();
  }

 private:
  Task<void> answer(std::size_t index, ReadyCall call) {
    call.stop = stop_.get_token();
    const std::string path = call.plan.path;
    auto [reply, unknown_keys] = co_await perform(std::move(call));
    if (!reply) {
      auto error = view(reply.error(), path);
      error.unknown_keys = unknown_keys;
      co_await body_.write(jsonl_error(index, error));
    } else if (auto* value = std::get_if<rpc::Text>(&*reply)) {
      co_await body_.write(jsonl_success(index, *value, unknown_keys));
    } else {
      co_await stream(index, std::get<rpc::Items>(*std::move(reply)), path, unknown_keys);
    }
  }

  Task<void> stream(std::size_t index, rpc::Items items, const std::string& path,
                    const std::string& unknown_keys) {
    const std::size_t result = next_chunk_++;
    const std::size_t chunk = next_chunk_++;
    if (!co_await body_.write(jsonl_stream(index, result, chunk, unknown_keys))) co_return;
    while (auto item = co_await items.next()) {
      // Between two items a stream may be let go of: this is how one that nobody reads ends.
      if (stop_.stop_requested()) co_return;
      if (!co_await body_.write(jsonl_item(chunk, JsonlStatus::kItem, item->data))) co_return;
    }
    auto& end = items.end();
    co_await body_.write(end ? jsonl_item(chunk, JsonlStatus::kEnd, *end)
                             : jsonl_stream_error(chunk, view(end.error(), path)));
  }

  ErrorView view(const Error& error, const std::string& path) const {
    return {error, path, plan_.options.zod_error};
  }

  JsonlPlan plan_;
  std::stop_source stop_;
  net::SharedBody body_;
  std::size_t next_chunk_;
};

Task<void> run(JsonlPlan plan, net::BodyWriter& writer) {
  JsonlStream stream(std::move(plan), writer);
  co_await stream.run();
}

}  // namespace

net::Response jsonl_response(JsonlPlan plan) {
  net::Response response;
  // Not application/jsonl: the client expects the type that every answer has.
  response.headers = common_headers("application/json");
  response.stream = [plan = std::move(plan)](net::BodyWriter& writer) mutable {
    return run(std::move(plan), writer);
  };
  return response;
}

}  // namespace synap::trpc
