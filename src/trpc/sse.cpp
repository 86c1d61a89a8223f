#include <utility>

#include "base/crew.h"
#include "base/json.h"
#include "net/shared_body.h"
#include "rpc/event_stream.h"
#include "trpc/envelope.h"
#include "trpc/streams.h"

namespace synap::trpc {
namespace {

class SseStream {
 public:
  SseStream(SsePlan plan, net::BodyWriter& writer)
      : plan_(std::move(plan)), body_(writer, stop_, plan_.options.world) {
    // An id that cannot be sent cannot be restored either.
    if (rpc::is_event_id(plan_.last_event_id)) last_id_ = plan_.last_event_id;
  }

  Task<void> run() {
    const std::stop_callback when_gone(plan_.gone,
                                       [stop = stop_]() mutable { stop.request_stop(); });
    // The client is not "connected" before it has read this, whatever else arrives.
    if (!co_await body_.write(rpc::sse_event("connected", client_options()))) co_return;
    std::stop_source ended;
    Crew helpers;
    helpers.start(
        body_.keep_alive(rpc::sse_event("ping", ""), plan_.options.sse_ping, ended.get_token()));
    helpers.start(limit_duration(ended.get_token()));
    co_await deliver();
    ended.request_stop();
    co_await helpers.join();
  }

 private:
  Task<void> deliver() {
    plan_.call.stop = stop_.get_token();
    path_ = plan_.call.plan.path;
    auto [reply, unknown_keys] = co_await perform(std::move(plan_.call));
    if (!reply) {
      co_await fail_with(reply.error(), unknown_keys);
    } else if (auto* items = std::get_if<rpc::Items>(&*reply)) {
      // Readers skip events of names that they do not know.
      if (!unknown_keys.empty()) co_await body_.write(rpc::sse_event("unknown-keys", unknown_keys));
      co_await deliver_items(*items);
    } else {
      co_await fail_with(no_stream_given(path_));
    }
  }

  Task<void> deliver_items(rpc::Items& items) {
    while (auto item = co_await items.next()) {
      // Between two items a stream may be let go of.
      if (stop_.stop_requested()) co_return;
      if (item->id && !rpc::is_event_id(*item->id)) {
        co_await fail_with({Code::kInternalServerError, "An event's id cannot be sent"});
        stop_.request_stop();
        co_return;
      }
      if (item->id) last_id_ = item->id;
      if (!co_await body_.write(item->id || !last_id_ ? rpc::sse_item(*item)
                                                      : sse_item_restoring(*item, *last_id_))) {
        co_return;
      }
    }
    auto& end = items.end();
    if (!end) {
      co_await fail_with(end.error());
    } else if (!stop_.stop_requested()) {
      co_await body_.write(rpc::sse_event("return", ""));
    }
  }

  // After a stop nothing is said: a client that reads an end without "return" comes back and
  // resumes, which is right for both of the stops it can live to see (its time is up, the server
  // goes).
  Task<void> fail_with(const Error& error, std::string_view unknown_keys = {}) {
    if (stop_.stop_requested()) co_return;
    std::string shape;
    append_error_shape(shape, {error, path_, plan_.options.zod_error, unknown_keys});
    co_await body_.write(rpc::sse_event("serialized-error", shape));
  }

  Task<void> limit_duration(std::stop_token ended) {
    const auto longest = plan_.options.sse_duration_max;
    if (longest <= std::chrono::milliseconds(0)) co_return;
    if (co_await plan_.options.world.sleep_for(longest, ended)) stop_.request_stop();
  }

  std::string client_options() const {
    const auto inactivity = plan_.options.sse_client_inactivity.count();
    if (inactivity <= 0) return "{}";
    return Json::object({{"reconnectAfterInactivityMs", std::int64_t{inactivity}}}).dump();
  }

  SsePlan plan_;
  std::stop_source stop_;
  net::SharedBody body_;
  std::string path_;
  std::optional<std::string> last_id_;
};

Task<void> run(SsePlan plan, net::BodyWriter& writer) {
  SseStream stream(std::move(plan), writer);
  co_await stream.run();
}

}  // namespace

net::Response sse_response(SsePlan plan) {
  net::Response response;
  response.headers = common_headers("text/event-stream");
  response.headers.add("cache-control", "no-cache, no-transform");
  response.headers.add("x-accel-buffering", "no");
  response.stream = [plan = std::move(plan)](net::BodyWriter& writer) mutable {
    return run(std::move(plan), writer);
  };
  return response;
}

}  // namespace synap::trpc
