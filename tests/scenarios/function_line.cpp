#include "function_line.h"

#include <algorithm>

#include "base/check.h"
#include "base/duration.h"
#include "script_handler.h"

namespace synap::scenarios {
namespace {

cel::Expression expression(const std::string& text) {
  auto parsed = cel::Expression::parse(text);
  SYNAP_CHECK(parsed.has_value(), text);
  return std::move(*parsed);
}

// Goes through the words of a line.
class Options {
 public:
  explicit Options(std::vector<std::string> words) : words_(std::move(words)) {}
  bool is_over() const { return at_ >= words_.size(); }
  std::string next() {
    SYNAP_CHECK(!is_over(), words_.back());
    return words_[at_++];
  }
  std::int64_t number() { return std::stoll(next()); }
  std::chrono::milliseconds span() { return span_of(next()); }
  bool is_next(std::string_view word) const { return !is_over() && words_[at_] == word; }
  bool is_span_next() const { return !is_over() && parse_duration_ns(words_[at_]).has_value(); }
  bus::Key key() {
    if (!is_next("by")) return std::nullopt;
    next();
    return expression(next());
  }

 private:
  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

bus::Function::Cron cron_of(std::string text) {
  std::ranges::replace(text, '_', ' ');
  auto schedule = cron::Schedule::parse(text);
  SYNAP_CHECK(schedule.has_value(), text);
  return {text, *schedule};
}

bool read_flow(const std::string& name, Options& words, bus::Flow& flow) {
  if (name == "idempotency") {
    flow.idempotency = expression(words.next());
  } else if (name == "rate") {
    auto& rate = flow.rate_limit.emplace(bus::RateLimit{words.number(), words.span()});
    rate.key = words.key();
  } else if (name == "throttle") {
    auto& throttle = flow.throttle.emplace(bus::Throttle{words.number(), words.span()});
    throttle.burst = words.number();
    throttle.key = words.key();
  } else if (name == "debounce") {
    auto& debounce = flow.debounce.emplace(bus::Debounce{words.span()});
    if (words.is_span_next()) debounce.timeout = words.span();
    debounce.key = words.key();
  } else if (name == "batch") {
    auto& batch = flow.batch.emplace(bus::Batch{words.number(), words.span()});
    batch.key = words.key();
  } else if (name == "singleton") {
    auto& singleton = flow.singleton.emplace();
    if (words.next() == "cancel") singleton.mode = bus::Singleton::Mode::kCancel;
    singleton.key = words.key();
  } else if (name == "concurrency") {
    auto& one = flow.concurrency.emplace_back(bus::Concurrency{words.number()});
    one.key = words.key();
  } else if (name == "runs") {
    auto& runs = flow.run_concurrency.emplace(bus::RunConcurrency{words.number()});
    runs.key = words.key();
  } else if (name == "priority") {
    flow.priority = expression(words.next());
  } else if (name == "start-timeout") {
    flow.timeouts.start = words.span();
  } else if (name == "finish-timeout") {
    flow.timeouts.finish = words.span();
  } else if (name == "cancel-on") {
    auto& one = flow.cancel_on.emplace_back(bus::CancelOn{words.next()});
    if (words.is_next("if")) {
      words.next();
      one.condition = expression(words.next());
    }
  } else {
    return false;
  }
  return true;
}

// Types of the events that a script sends.
std::vector<std::string> sent_by(const std::string& script) {
  const auto words = words_of(script);
  std::vector<std::string> types;
  for (std::size_t at = 0; at + 2 < words.size(); ++at) {
    if (words[at] != "send") continue;
    auto type = words[at + 2];
    if (type.ends_with(';')) type.pop_back();
    types.push_back(std::move(type));
  }
  return types;
}

}  // namespace

std::chrono::milliseconds span_of(const std::string& text) {
  const auto nanoseconds = parse_duration_ns(text);
  SYNAP_CHECK(nanoseconds.has_value(), text);
  return std::chrono::milliseconds(*nanoseconds / 1'000'000);
}

FunctionLine function_of(const std::string& line) {
  const auto colon = line.find(" : ");
  SYNAP_CHECK(colon != std::string::npos, line);
  Options words(words_of(line.substr(0, colon)));
  words.next();
  FunctionLine read{.script = line.substr(colon + 3)};
  auto& function = read.function;
  function.appends = sent_by(read.script);
  function.retry.delay_ms = 1;
  function.id = words.next();
  words.next();
  const auto type = words.next();
  if (type != "-") function.triggers.push_back({type});
  function.fulfills = type.ends_with(".requested");
  while (!words.is_over()) {
    const auto name = words.next();
    if (read_flow(name, words, function.flow)) {
      function.fulfills = false;
    } else if (name == "retries") {
      function.retry.retries_max = static_cast<int>(words.number());
    } else if (name == "delay") {
      function.retry.delay_ms = words.number();
    } else if (name == "ordered") {
      function.in_aggregate_order = true;
    } else if (name == "listens") {
      function.fulfills = false;
    } else if (name == "for") {
      function.user_id = words.next();
    } else if (name == "when") {
      function.triggers.back().condition = expression(words.next());
      function.fulfills = false;
    } else if (name == "cron") {
      function.schedules.push_back(cron_of(words.next()));
      function.user_id = "ann";
    } else {
      SYNAP_CHECK(false, name);
    }
  }
  return read;
}

}  // namespace synap::scenarios
