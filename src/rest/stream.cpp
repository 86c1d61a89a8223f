#include "rest/stream.h"

#include <utility>

#include "base/crew.h"
#include "net/shared_body.h"
#include "rest/problem.h"
#include "rpc/event_stream.h"

namespace synap::rest {
namespace {

std::string problem_event(const Error& error) {
  return rpc::sse_event("problem", problem_text(error));
}

Task<void> deliver(StreamPlan& plan, net::SharedBody& body) {
  while (auto item = co_await plan.items.next()) {
    if (plan.stop.stop_requested()) co_return;
    if (item->id && !rpc::is_event_id(*item->id)) {
      co_await body.write(
          problem_event({Code::kInternalServerError, "An event's id cannot be sent"}));
      plan.stop.request_stop();
      co_return;
    }
    if (!co_await body.write(rpc::sse_item(*item))) co_return;
  }
  // Whoever was cut off is to come back: he is not told that it is over.
  if (plan.stop.stop_requested()) co_return;
  const auto& end = plan.items.end();
  co_await body.write(end ? rpc::sse_event("end", "{}") : problem_event(end.error()));
}

Task<void> run(StreamPlan plan, net::BodyWriter& writer) {
  const std::stop_callback when_gone(plan.gone,
                                     [stop = plan.stop]() mutable { stop.request_stop(); });
  net::SharedBody body(writer, plan.stop, plan.world);
  if (!co_await body.write(": open\n\n")) co_return;
  std::stop_source ended;
  Crew helpers;
  helpers.start(body.keep_alive(": ping\n\n", plan.ping, ended.get_token()));
  co_await deliver(plan, body);
  ended.request_stop();
  co_await helpers.join();
}

}  // namespace

net::Response stream_response(StreamPlan plan) {
  net::Response response;
  response.headers = {{"content-type", "text/event-stream"},
                      {"cache-control", "no-cache, no-transform"},
                      {"x-accel-buffering", "no"}};
  response.stream = [plan = std::move(plan)](net::BodyWriter& writer) mutable {
    return run(std::move(plan), writer);
  };
  return response;
}

}  // namespace synap::rest
