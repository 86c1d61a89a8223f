#include "features/functions/function_limits.h"

namespace synap::features::functions {
namespace {

std::optional<std::string> text_of(const bus::Key& key) {
  if (!key) return std::nullopt;
  return key->to_text();
}

StringSchema key_schema() {
  return string().doc("Events with equal values of this expression count together.");
}

}  // namespace

const ObjectSchema<LimitOfCalls>& describe(Type<LimitOfCalls>) {
  static const auto schema = object<LimitOfCalls>("LimitOfCalls")
                                 .field("limit", &LimitOfCalls::limit)
                                 .field("key", &LimitOfCalls::key, key_schema())
                                 .field("scope", &LimitOfCalls::scope, one_of({"function", "user"}),
                                        "user: with all of your functions that have the same key.");
  return schema;
}

const ObjectSchema<LimitOfRate>& describe(Type<LimitOfRate>) {
  static const auto schema = object<LimitOfRate>("LimitOfRate")
                                 .field("limit", &LimitOfRate::limit)
                                 .field("periodMs", &LimitOfRate::period_ms)
                                 .field("burst", &LimitOfRate::burst, integer())
                                 .field("key", &LimitOfRate::key, key_schema());
  return schema;
}

const ObjectSchema<QuietTime>& describe(Type<QuietTime>) {
  static const auto schema = object<QuietTime>("QuietTime")
                                 .field("periodMs", &QuietTime::period_ms)
                                 .field("timeoutMs", &QuietTime::timeout_ms, integer())
                                 .field("key", &QuietTime::key, key_schema());
  return schema;
}

const ObjectSchema<BatchOfEvents>& describe(Type<BatchOfEvents>) {
  static const auto schema =
      object<BatchOfEvents>("BatchOfEvents")
          .field("sizeMax", &BatchOfEvents::size_max)
          .field("timeoutMs", &BatchOfEvents::timeout_ms)
          .field("key", &BatchOfEvents::key, key_schema())
          .field("if", &BatchOfEvents::condition, string(), "Others have runs of their own.");
  return schema;
}

const ObjectSchema<OneAtATime>& describe(Type<OneAtATime>) {
  static const auto schema =
      object<OneAtATime>("OneAtATime")
          .field("mode", &OneAtATime::mode, one_of({"skip", "cancel"}),
                 "skip: an event meanwhile has no run. cancel: it ends the run that is there.")
          .field("key", &OneAtATime::key, key_schema());
  return schema;
}

const ObjectSchema<CancellingEvent>& describe(Type<CancellingEvent>) {
  static const auto schema = object<CancellingEvent>("CancellingEvent")
                                 .field("event", &CancellingEvent::event)
                                 .field("if", &CancellingEvent::condition, string())
                                 .field("timeoutMs", &CancellingEvent::timeout_ms, integer());
  return schema;
}

const ObjectSchema<LimitOfRuns>& describe(Type<LimitOfRuns>) {
  static const auto schema = object<LimitOfRuns>("LimitOfRuns")
                                 .field("limit", &LimitOfRuns::limit)
                                 .field("key", &LimitOfRuns::key, key_schema());
  return schema;
}

const ObjectSchema<RunTimeouts>& describe(Type<RunTimeouts>) {
  static const auto schema = object<RunTimeouts>("RunTimeouts")
                                 .field("startMs", &RunTimeouts::start_ms, integer())
                                 .field("finishMs", &RunTimeouts::finish_ms, integer());
  return schema;
}

const ObjectSchema<FunctionLimits>& describe(Type<FunctionLimits>) {
  static const auto schema =
      object<FunctionLimits>("FunctionLimits")
          .field("concurrency", &FunctionLimits::concurrency, array(schema_of<LimitOfCalls>()),
                 "So many calls at a time.")
          .field("runConcurrency", &FunctionLimits::run_concurrency, schema_of<LimitOfRuns>(),
                 "So many runs at a time, their sleeps and waits included.")
          .field("priority", &FunctionLimits::priority, string(),
                 "So many seconds earlier than it was made a run counts as made.")
          .field("timeouts", &FunctionLimits::timeouts, schema_of<RunTimeouts>(),
                 "A run that has not begun, or not ended, in time is cancelled.")
          .field("throttle", &FunctionLimits::throttle, schema_of<LimitOfRate>(),
                 "So many runs begin in a period; others wait.")
          .field("rateLimit", &FunctionLimits::rate_limit, schema_of<LimitOfRate>(),
                 "So many runs begin in a period; others are dropped.")
          .field("debounce", &FunctionLimits::debounce, schema_of<QuietTime>(),
                 "A run begins when no event came for a while.")
          .field("batch", &FunctionLimits::batch, schema_of<BatchOfEvents>(),
                 "One run for so many events.")
          .field("singleton", &FunctionLimits::singleton, schema_of<OneAtATime>())
          .field("idempotency", &FunctionLimits::idempotency, string(),
                 "One run in 24 hours for each value of this expression.")
          .field("cancelOn", &FunctionLimits::cancel_on, array(schema_of<CancellingEvent>()),
                 "Events that end its runs.");
  return schema;
}

FunctionLimits limits_of(const bus::Flow& flow) {
  FunctionLimits limits;
  for (const auto& one : flow.concurrency) {
    const bool is_of_function = one.scope == bus::Concurrency::Scope::kFunction;
    limits.concurrency.push_back(
        {one.limit, text_of(one.key), is_of_function ? "function" : "user"});
  }
  if (const auto& it = flow.run_concurrency) {
    limits.run_concurrency = {it->limit, text_of(it->key)};
  }
  limits.priority = text_of(flow.priority);
  const auto ms_of = [](const auto& time) {
    return time ? std::optional<std::int64_t>(time->count()) : std::nullopt;
  };
  if (flow.timeouts.start || flow.timeouts.finish) {
    limits.timeouts = {ms_of(flow.timeouts.start), ms_of(flow.timeouts.finish)};
  }
  if (const auto& it = flow.throttle) {
    limits.throttle = {it->limit, it->period.count(), it->burst, text_of(it->key)};
  }
  if (const auto& it = flow.rate_limit) {
    limits.rate_limit = {it->limit, it->period.count(), std::nullopt, text_of(it->key)};
  }
  if (const auto& it = flow.debounce) {
    auto& told = limits.debounce.emplace();
    told.period_ms = it->period.count();
    if (it->timeout) told.timeout_ms = it->timeout->count();
    told.key = text_of(it->key);
  }
  if (const auto& it = flow.batch) {
    limits.batch = {it->size_max, it->timeout.count(), text_of(it->key), text_of(it->condition)};
  }
  if (const auto& it = flow.singleton) {
    const bool skips = it->mode == bus::Singleton::Mode::kSkip;
    limits.singleton = {skips ? "skip" : "cancel", text_of(it->key)};
  }
  limits.idempotency = text_of(flow.idempotency);
  for (const auto& one : flow.cancel_on) {
    auto& told = limits.cancel_on.emplace_back(one.event, text_of(one.condition));
    if (one.timeout) told.timeout_ms = one.timeout->count();
  }
  return limits;
}

}  // namespace synap::features::functions
