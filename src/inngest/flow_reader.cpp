#include "inngest/flow_reader.h"

#include <fmt/format.h>

#include "inngest/app_event.h"
#include "inngest/duration.h"
#include "net/ascii.h"

namespace synap::inngest {
namespace {

using std::chrono::milliseconds;

// Reads the members of one limit, and keeps the first thing that is wrong.
class Members {
 public:
  Members(const Json& function, std::string_view limit)
      : limit_(limit), json_(function.find(limit)) {
    if (json_ != nullptr && json_->is_null()) json_ = nullptr;
    if (is_there() && !json_->is_object()) wrong("it is an object");
  }
  bool is_there() const { return json_ != nullptr; }
  const std::optional<Error>& error() const { return error_; }

  std::int64_t number(std::string_view name, std::int64_t otherwise) {
    const Json* value = json_->find(name);
    if (value == nullptr || value->is_null()) return otherwise;
    if (value->is_integer()) return value->as_integer();
    wrong(fmt::format("{} is a whole number", name));
    return otherwise;
  }
  std::optional<milliseconds> duration(std::string_view name) {
    const auto text = this->text(name);
    if (text.empty()) return std::nullopt;
    const auto ms = parse_duration(text);
    if (ms) return milliseconds(*ms);
    wrong(fmt::format("{}: {}", name, ms.error().message));
    return std::nullopt;
  }
  milliseconds needed_duration(std::string_view name) {
    const auto value = duration(name);
    if (!value) wrong(fmt::format("{} is a duration, as \"5s\"", name));
    return value.value_or(milliseconds(0));
  }
  bus::Key expression(std::string_view name, std::vector<std::string> variables = {"event"}) {
    const auto text = this->text(name);
    if (text.empty()) return std::nullopt;
    auto expression = read_expression(text, std::move(variables));
    if (expression) return std::move(*expression);
    wrong(fmt::format("{}: {}", name, expression.error().message));
    return std::nullopt;
  }
  std::string_view text(std::string_view name) {
    const Json* value = json_->find(name);
    if (value == nullptr || value->is_null()) return {};
    if (value->is_string()) return value->as_string();
    wrong(fmt::format("{} is a text", name));
    return {};
  }

  void wrong(std::string_view what) {
    if (!error_) error_ = Error{Code::kBadRequest, fmt::format("{}: {}", limit_, what)};
  }

 private:
  std::string_view limit_;
  const Json* json_;
  std::optional<Error> error_;
};

// A limit of 0 is one of 1, as Inngest's server has it.
std::int64_t limit_of(Members& members) {
  return std::max<std::int64_t>(members.number("limit", 1), 1);
}

void read_rate_limit(Members& members, bus::Flow& flow) {
  flow.rate_limit = bus::RateLimit{.limit = limit_of(members),
                                   .period = members.needed_duration("period"),
                                   .key = members.expression("key")};
}

void read_throttle(Members& members, bus::Flow& flow) {
  flow.throttle = bus::Throttle{.limit = limit_of(members),
                                .period = members.needed_duration("period"),
                                .burst = members.number("burst", 1),
                                .key = members.expression("key")};
}

void read_debounce(Members& members, bus::Flow& flow) {
  flow.debounce = bus::Debounce{.period = members.needed_duration("period"),
                                .timeout = members.duration("timeout"),
                                .key = members.expression("key")};
}

void read_batch(Members& members, bus::Flow& flow) {
  flow.batch = bus::Batch{.size_max = members.number("maxSize", 100),
                          .timeout = members.needed_duration("timeout"),
                          .key = members.expression("key"),
                          .condition = members.expression("if")};
}

void read_singleton(Members& members, bus::Flow& flow) {
  const auto mode = members.text("mode");
  if (mode != "skip" && mode != "cancel" && !mode.empty()) {
    members.wrong("mode is \"skip\" or \"cancel\"");
  }
  flow.singleton = bus::Singleton{
      .key = members.expression("key"),
      .mode = mode == "cancel" ? bus::Singleton::Mode::kCancel : bus::Singleton::Mode::kSkip};
}

void read_priority(Members& members, bus::Flow& flow) {
  flow.priority = members.expression("run");
}

void read_timeouts(Members& members, bus::Flow& flow) {
  flow.timeouts = {.start = members.duration("start"), .finish = members.duration("finish")};
}

// Of whole runs: a list of one limit at most.
Result<> read_run_concurrency(const Json& of_runs, bus::Flow& flow) {
  if (of_runs.is_null()) return {};
  const auto limits = of_runs.is_array() ? of_runs.as_array() : Json::Array{of_runs};
  if (limits.size() > 1) {
    return fail(Code::kBadRequest, "concurrency.fn: a function has at most one limit of runs");
  }
  for (const auto& limit : limits) {
    const Json holder = limit.is_integer()
                            ? Json::object({{"concurrency.fn", Json::object({{"limit", limit}})}})
                            : Json::object({{"concurrency.fn", limit}});
    Members members(holder, "concurrency.fn");
    if (members.error()) return fail(*members.error());
    bus::RunConcurrency one{.limit = members.number("limit", 0), .key = members.expression("key")};
    if (members.error()) return fail(*members.error());
    if (one.limit > 0) flow.run_concurrency = std::move(one);
  }
  return {};
}

// A number, a limit, or a list of limits; or one of runs ("fn") and some of calls ("step").
Result<> read_concurrency(const Json& function, bus::Flow& flow) {
  const Json* all = function.find("concurrency");
  if (all == nullptr || all->is_null()) return {};
  if (all->is_object() && (all->find("fn") != nullptr || all->find("step") != nullptr)) {
    if (const Json* of_runs = all->find("fn"); of_runs != nullptr) {
      if (auto read = read_run_concurrency(*of_runs, flow); !read) return read;
    }
    all = all->find("step");
    if (all == nullptr || all->is_null()) return {};
  }
  if (all->is_integer()) {
    // 0 is no limit, as Inngest's server has it.
    if (all->as_integer() > 0) flow.concurrency.push_back({.limit = all->as_integer()});
    return {};
  }
  const auto limits = all->is_array() ? all->as_array() : Json::Array{*all};
  for (const auto& limit : limits) {
    const Json holder = Json::object({{"concurrency", limit}});
    Members members(holder, "concurrency");
    if (members.error()) return fail(*members.error());
    const auto most = members.number("limit", 0);
    bus::Concurrency one{.limit = most, .key = members.expression("key")};
    // In capitals, too: the SDK for Go writes "Fn".
    const auto scope = members.text("scope");
    const auto is = [scope](std::string_view name) {
      return net::equal_ignoring_case(scope, name);
    };
    if (is("env") || is("account")) {
      one.scope = bus::Concurrency::Scope::kUser;
      if (!one.key) members.wrong("a scope beside \"fn\" has a key");
    } else if (!is("fn") && !scope.empty()) {
      members.wrong("scope is \"fn\", \"env\" or \"account\"");
    }
    if (members.error()) return fail(*members.error());
    if (most > 0) flow.concurrency.push_back(std::move(one));
  }
  return {};
}

Result<> read_cancel(const Json& function, bus::Flow& flow) {
  const Json* all = function.find("cancel");
  if (all == nullptr || all->is_null()) return {};
  if (!all->is_array()) return fail(Code::kBadRequest, "cancel: it is a list");
  for (const auto& cancel : all->as_array()) {
    const Json holder = Json::object({{"cancel", cancel}});
    Members members(holder, "cancel");
    if (members.error()) return fail(*members.error());
    bus::CancelOn one{.event = bus_name(members.text("event"))};
    const bool is_name = !one.event.empty() && one.event.find('*') == std::string::npos;
    if (!is_name) members.wrong("event is the name of one event, without a wildcard");
    one.timeout = members.duration("timeout");
    one.condition = members.expression("if", {"event", "async"});
    if (members.error()) return fail(*members.error());
    flow.cancel_on.push_back(std::move(one));
  }
  return {};
}

}  // namespace

Result<cel::Expression> read_expression(std::string_view text, std::vector<std::string> variables) {
  auto expression = cel::Expression::parse(text);
  if (!expression) return expression;
  auto checked = expression->check({.variables = std::move(variables)});
  if (!checked) return fail(checked.error());
  return expression;
}

Result<bus::Flow> read_flow(const Json& function) {
  bus::Flow flow;
  const auto idempotency = function.string_or("idempotency", "");
  if (!idempotency.empty()) {
    auto key = read_expression(idempotency);
    if (!key) return fail(Code::kBadRequest, "idempotency: " + key.error().message);
    flow.idempotency = std::move(*key);
  }
  constexpr std::pair<std::string_view, void (*)(Members&, bus::Flow&)> kLimits[] = {
      {"rateLimit", read_rate_limit}, {"throttle", read_throttle},   {"debounce", read_debounce},
      {"batchEvents", read_batch},    {"singleton", read_singleton}, {"priority", read_priority},
      {"timeouts", read_timeouts}};
  for (const auto& [name, read] : kLimits) {
    Members members(function, name);
    if (members.is_there() && !members.error()) read(members, flow);
    if (members.error()) return fail(*members.error());
  }
  if (auto read = read_concurrency(function, flow); !read) return fail(read.error());
  if (auto read = read_cancel(function, flow); !read) return fail(read.error());
  if (auto checked = bus::check(flow); !checked) return fail(checked.error());
  return flow;
}

}  // namespace synap::inngest
