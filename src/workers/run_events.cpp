#include "workers/run_events.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"
#include "bus/function_events.h"
#include "events/trace.h"
#include "workers/error_text.h"
#include "workers/pending_steps.h"

namespace synap::workers {
namespace {

// So many runs, one asked for by the other, are a function that invokes itself without an end.
constexpr std::int64_t kInvokeDepthMax = 100;

}  // namespace

std::string error_memo(const Error& error) {
  return R"({"error":)" + error_json(error) + "}";
}

events::Envelope RunEvents::envelope_of(const bus::Job& job, const events::Event& event) const {
  events::Envelope envelope;
  envelope.user_id = event.user_id;
  envelope.source = events::Source::kSystem;
  envelope.actor = events::Actor::run(job.run_id);
  envelope.aggregate_id = event.aggregate_id;
  envelope.aggregate_type = event.aggregate_type;
  envelope.correlation_id = event.correlation_id;
  envelope.causation_id = event.id;
  envelope.request_id = event.request_id;
  events::set_trace_of_run(envelope, event, job.run_id);
  return envelope;
}

events::Envelope RunEvents::envelope_outside(const bus::Job& job,
                                             const events::Event& event) const {
  auto envelope = envelope_of(job, event);
  envelope.aggregate_id.reset();
  envelope.aggregate_type.clear();
  return envelope;
}

Result<events::NewEvent> RunEvents::event_of(const bus::Job& job, const events::Event& event,
                                             std::string_view type, std::string data) const {
  const auto& appends = job.function->appends;
  if (types_.is_reserved(type) && std::ranges::find(appends, type) == appends.end()) {
    return fail(Code::kForbidden,
                fmt::format("\"{}\" is a name of the pod's own events, and {} does not say that it "
                            "appends them",
                            type, job.function->id));
  }
  return types_.make(type, std::move(data), envelope_outside(job, event));
}

Result<events::NewEvent> RunEvents::signal_of(const bus::Job& job, const events::Event& event,
                                              bus::Signal signal) const {
  return types_.make(bus::kSignalSent, std::move(signal), envelope_outside(job, event));
}

Result<events::NewEvent> RunEvents::invocation_of(const bus::Job& job, const events::Event& event,
                                                  const PendingStep& step) const {
  bus::Invocation asked{step.invoked->function, step.invoked->data, job.run_id.to_string(),
                        to_hex(step.hash), std::nullopt};
  if (event.type == bus::kFunctionInvoked.name) {
    const auto before = events::data_of(event, bus::kFunctionInvoked);
    if (!before) return fail(before.error());
    asked.depth = (*before)->depth.value_or(0) + 1;
    if (*asked.depth >= kInvokeDepthMax) {
      return fail(Code::kPreconditionFailed,
                  fmt::format("{} runs ask for each other one after another, and no more may: this "
                              "one may not invoke {}",
                              kInvokeDepthMax, step.invoked->function));
    }
  }
  asked.source_function = job.function->id;
  if (!job.function->app.empty()) asked.source_app = job.function->app;
  asked.name = step.name;
  if (const auto at = step.invoked->expires_at; at > 0) asked.expires_at = to_iso8601(at);
  asked.sdk = step.invoked->sdk;
  return types_.make(bus::kFunctionInvoked, std::move(asked), envelope_outside(job, event));
}

Result<events::NewEvent> RunEvents::failure_of(const bus::Job& job, const events::Event& event,
                                               const Error& error, int attempts) const {
  events::Failure failure{job.function->id, job.run_id.to_string(), attempts,
                          std::string(info(error.code).name),
                          shortened(error.message, kErrorMessageBytesMax)};
  const auto name = events::failed_type_of(event.type);
  return types_.make(events::EventType<events::Failure>{name}, std::move(failure),
                     envelope_of(job, event));
}

bool RunEvents::is_heard(const std::string& user_id) const {
  return functions_.now()->hears_ends(user_id) || waits_.are_ends_waited_for(user_id);
}

Result<events::NewEvent> RunEvents::fact_of(const events::EventType<bus::RunEnd>& type,
                                            const bus::Job& job, const EndOfRun& end) const {
  auto envelope = envelope_outside(job, *end.event);
  if (end.actor) envelope.actor = end.actor;
  bus::RunEnd told{job.function->id, job.run_id.to_string(), std::string(end.status),
                   end.event->id.to_string(), end.attempts};
  if (!end.error_name.empty()) {
    told.name = end.error_name;
    told.message = end.error_message;
  }
  return types_.make(type, std::move(told), std::move(envelope));
}

Result<> RunEvents::add_facts(const bus::Job& job, const events::Event& event, const Error& error,
                              int attempts, std::optional<events::Actor> actor,
                              EndOfRun& end) const {
  const bool has_completed = end.status == "completed";
  end.event = &event;
  end.attempts = attempts;
  end.actor = std::move(actor);
  end.is_heard = is_heard(event.user_id);
  if (!has_completed) {
    end.error_name = std::string(info(error.code).name);
    end.error_message = shortened(error.message, kErrorMessageBytesMax);
  }
  if (bus::is_about_an_end(event.type)) return {};
  std::vector<events::EventType<bus::RunEnd>> types;
  if (end.is_heard) types.push_back(bus::kFunctionFinished);
  if (end.status == "failed") types.push_back(bus::kFunctionFailed);
  if (end.status == "cancelled") types.push_back(bus::kFunctionCancelled);
  for (const auto& type : types) {
    auto made = fact_of(type, job, end);
    if (!made) return fail(made.error());
    end.events.push_back(std::move(*made));
  }
  return {};
}

Result<std::optional<events::NewEvent>> RunEvents::late_finish(const bus::Job& job,
                                                               const EndOfRun& end,
                                                               bool is_awaited) const {
  if (end.is_heard || end.event == nullptr || bus::is_about_an_end(end.event->type) ||
      !(is_awaited || is_heard(end.event->user_id))) {
    return std::optional<events::NewEvent>();
  }
  auto made = fact_of(bus::kFunctionFinished, job, end);
  if (!made) return fail(made.error());
  return std::optional(std::move(*made));
}

Result<EndOfRun> RunEvents::completed(const bus::Job& job, const events::Event& event,
                                      std::string output) const {
  EndOfRun end{.status = "completed", .output = std::move(output)};
  end.asker = asker_of(event, end);
  auto added = add_facts(job, event, {}, job.attempt + 1, std::nullopt, end);
  return added ? Result<EndOfRun>(std::move(end)) : fail(added.error());
}

Result<EndOfRun> RunEvents::failed(const bus::Job& job, const events::Event& event,
                                   const Error& error, int attempts) const {
  EndOfRun end{.status = "failed", .error = error_json(error)};
  end.asker = asker_of(event, end);
  if (job.function->fulfills) {
    auto made = failure_of(job, event, error, attempts);
    if (!made) return fail(made.error());
    end.events.push_back(std::move(*made));
  }
  auto added = add_facts(job, event, error, attempts, std::nullopt, end);
  return added ? Result<EndOfRun>(std::move(end)) : fail(added.error());
}

Result<EndOfRun> RunEvents::cancelled(const bus::Job& job, const events::Event& event,
                                      const Error& why, std::optional<events::Actor> actor) const {
  EndOfRun end{.status = "cancelled", .error = error_json(why)};
  end.asker = asker_of(event, end);
  // What it was to carry out is carried out by nobody else.
  if (job.function->fulfills) {
    auto made = failure_of(job, event, why, job.attempt);
    if (!made) return fail(made.error());
    end.events.push_back(std::move(*made));
  }
  auto added = add_facts(job, event, why, job.attempt, std::move(actor), end);
  return added ? Result<EndOfRun>(std::move(end)) : fail(added.error());
}

std::optional<EndOfRun::Asker> RunEvents::asker_of(const events::Event& event,
                                                   const EndOfRun& end) {
  if (event.type != bus::kFunctionInvoked.name) return std::nullopt;
  const auto asked = events::data_of(event, bus::kFunctionInvoked);
  if (!asked) return std::nullopt;
  auto memo =
      end.error.empty() ? R"({"data":)" + end.output + "}" : R"({"error":)" + end.error + "}";
  if (static_cast<std::int64_t>(memo.size()) > kStepBytesMax) {
    memo = error_memo({Code::kPayloadTooLarge,
                       fmt::format("The result of {} has {} bytes; at most {} are kept of a step",
                                   (*asked)->function, memo.size(), kStepBytesMax),
                       nullptr});
  }
  return EndOfRun::Asker{Uuid::parse((*asked)->run_id).value_or(Uuid{}),
                         hash_from_hex((*asked)->step), std::move(memo)};
}

}  // namespace synap::workers
