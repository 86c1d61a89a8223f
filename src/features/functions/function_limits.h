// FunctionLimits: the flow control of a function (bus/flow.h), as it is told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bus/flow.h"
#include "schema/schema.h"

namespace synap::features::functions {

struct LimitOfCalls {
  std::int64_t limit = 0;
  std::optional<std::string> key;
  std::string scope;
};
const ObjectSchema<LimitOfCalls>& describe(Type<LimitOfCalls>);

struct LimitOfRate {
  std::int64_t limit = 0;
  std::int64_t period_ms = 0;
  std::optional<std::int64_t> burst;
  std::optional<std::string> key;
};
const ObjectSchema<LimitOfRate>& describe(Type<LimitOfRate>);

struct QuietTime {
  std::int64_t period_ms = 0;
  std::optional<std::int64_t> timeout_ms;
  std::optional<std::string> key;
};
const ObjectSchema<QuietTime>& describe(Type<QuietTime>);

struct BatchOfEvents {
  std::int64_t size_max = 0;
  std::int64_t timeout_ms = 0;
  std::optional<std::string> key;
  std::optional<std::string> condition;
};
const ObjectSchema<BatchOfEvents>& describe(Type<BatchOfEvents>);

struct OneAtATime {
  std::string mode;
  std::optional<std::string> key;
};
const ObjectSchema<OneAtATime>& describe(Type<OneAtATime>);

struct CancellingEvent {
  std::string event;
  std::optional<std::string> condition;
  std::optional<std::int64_t> timeout_ms;
};
const ObjectSchema<CancellingEvent>& describe(Type<CancellingEvent>);

struct LimitOfRuns {
  std::int64_t limit = 0;
  std::optional<std::string> key;
};
const ObjectSchema<LimitOfRuns>& describe(Type<LimitOfRuns>);

struct RunTimeouts {
  std::optional<std::int64_t> start_ms;
  std::optional<std::int64_t> finish_ms;
};
const ObjectSchema<RunTimeouts>& describe(Type<RunTimeouts>);

struct FunctionLimits {
  std::vector<LimitOfCalls> concurrency;
  std::optional<LimitOfRuns> run_concurrency;
  std::optional<std::string> priority;
  std::optional<RunTimeouts> timeouts;
  std::optional<LimitOfRate> throttle;
  std::optional<LimitOfRate> rate_limit;
  std::optional<QuietTime> debounce;
  std::optional<BatchOfEvents> batch;
  std::optional<OneAtATime> singleton;
  std::optional<std::string> idempotency;
  std::vector<CancellingEvent> cancel_on;
};
const ObjectSchema<FunctionLimits>& describe(Type<FunctionLimits>);

FunctionLimits limits_of(const bus::Flow& flow);

}  // namespace synap::features::functions
