#include "inngest/registration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/crypto.h"
#include "inngest/canonical.h"
#include "inngest/duration.h"
#include "inngest/flow_reader.h"
#include "net/ascii.h"
#include "outbound/url.h"

namespace synap::inngest {
namespace {

constexpr std::string_view kConnectUrl = "wss://connect/";
constexpr std::size_t kTriggersMax = 10;
constexpr std::size_t kTriggerCharactersMax = 255;
constexpr std::size_t kAppCharactersMax = 64;
constexpr std::size_t kProblemsShown = 10;
constexpr std::int64_t kJitterMsMin = 1'000;
constexpr std::int64_t kJitterMsMax = 300'000;

// Members that say nothing of what it may do, or are read here. What the Go SDK says as "retries"
// it says of the step, too.
constexpr std::array<std::string_view, 18> kKnown = {
    "id",        "name",        "triggers",  "steps",    "checkpoint", "description",
    "meta",      "idempotency", "rateLimit", "throttle", "debounce",   "batchEvents",
    "singleton", "concurrency", "cancel",    "priority", "timeouts",   "retries"};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

bool is_slug(std::string_view text) {
  return !text.empty() && text.size() <= kSlugCharactersMax && std::ranges::all_of(text, is_word);
}

// Inngest's server reads names whatever their case, and the Go SDK writes "Singleton".
Json with_names_as_known(const Json& said) {
  Json::Object members = said.as_object();
  for (auto& [name, value] : members) {
    const auto is_same = [&name](std::string_view known) {
      return net::equal_ignoring_case(name, known);
    };
    const auto known = std::ranges::find_if(kKnown, is_same);
    if (known != kKnown.end()) name = *known;
  }
  return Json(std::move(members));
}

// Null, an empty object and an empty list say nothing.
bool says_something(const Json& value) {
  if (value.is_object()) return !value.as_object().empty();
  if (value.is_array()) return !value.as_array().empty();
  return !value.is_null();
}

std::unexpected<Error> wrong(const AppFunction& function, std::string_view what) {
  return fail(Code::kBadRequest, fmt::format("{}: {}", function.slug, what));
}

std::unexpected<Error> not_yet(const AppFunction& function, std::string_view what) {
  return fail(Code::kNotImplemented, fmt::format("{}: {}", function.slug, what));
}

bool is_event_pattern(std::string_view name) {
  if (name.empty() || name.size() > kTriggerCharactersMax) return false;
  const auto star = name.find('*');
  if (star == std::string_view::npos) return true;
  return star > 0 && star == name.size() - 1 && (name[star - 1] == '.' || name[star - 1] == '/');
}

bool is_function_event(std::string_view name) {
  constexpr std::array<std::string_view, 3> kAll = {
      "inngest/function.finished", "inngest/function.failed", "inngest/function.cancelled"};
  return std::ranges::find(kAll, name) != kAll.end();
}

Result<> read_schedule(AppFunction& function, const Json& json) {
  const auto text = json.string_or("cron", "");
  const auto schedule = cron::Schedule::parse(text);
  if (!schedule) return wrong(function, schedule.error().message);
  if (!schedule->next(0)) {
    return wrong(function, fmt::format("the schedule \"{}\" names no time that ever comes", text));
  }
  bus::Function::Cron cron{std::string(text), *schedule, 0};
  if (const auto jitter = json.string_or("jitter", ""); !jitter.empty()) {
    const auto ms = parse_duration(jitter);
    if (!ms || *ms < kJitterMsMin || *ms > kJitterMsMax) {
      return wrong(function, "jitter is a duration of 1s to 5m");
    }
    cron.jitter_ms = *ms;
  }
  function.schedules.push_back(std::move(cron));
  return {};
}

Result<> read_trigger(AppFunction& function, const Json& json) {
  if (!json.string_or("cron", "").empty()) return read_schedule(function, json);
  FunctionTrigger trigger{std::string(json.string_or("event", "")), std::nullopt};
  if (!is_event_pattern(trigger.event)) {
    return wrong(function,
                 fmt::format("the trigger \"{}\" is no name of an event; a wildcard stands at its "
                             "end, behind '.' or '/'",
                             trigger.event.substr(0, 80)));
  }
  // Only invoked, or begun by a run that has ended: no trigger at all.
  if (trigger.event == "inngest/function.invoked") return {};
  if (trigger.event == "inngest/deferred.schedule") return {};
  if (trigger.event.starts_with("inngest/") && !is_function_event(trigger.event)) {
    return not_yet(function, fmt::format("this pod does not send \"{}\" yet", trigger.event));
  }
  const auto condition = json.string_or("expression", "");
  if (!condition.empty()) {
    auto expression = read_expression(condition);
    if (!expression) return wrong(function, expression.error().message);
    trigger.condition = std::move(*expression);
  }
  function.triggers.push_back(std::move(trigger));
  return {};
}

Result<> read_triggers(AppFunction& function, const Json& json) {
  const Json* triggers = json.find("triggers");
  if (triggers == nullptr || triggers->is_null()) return {};
  if (!triggers->is_array()) return wrong(function, "triggers are a list");
  if (triggers->as_array().size() > kTriggersMax) {
    return wrong(function, fmt::format("a function has at most {} triggers", kTriggersMax));
  }
  for (const auto& trigger : triggers->as_array()) {
    if (auto read = read_trigger(function, trigger); !read) return read;
  }
  return {};
}

// The scheme of an address goes first: the SDK for Go says it by nothing else, and that for Python
// calls the function of an on_failure "http" where all of its app are connected.
std::string_view type_of(const Json& runtime) {
  const auto url = runtime.string_or("url", "");
  const bool is_connected = url.starts_with("ws://") || url.starts_with("wss://");
  return is_connected ? "ws" : runtime.string_or("type", "http");
}

Result<> read_step(AppFunction& function, const Json& json) {
  const Json* steps = json.find("steps");
  const bool has_one = steps != nullptr && steps->is_object() && steps->as_object().size() == 1;
  if (!has_one || !steps->as_object().front().second.is_object()) {
    return wrong(function, "a function has exactly one step, named \"step\"");
  }
  const auto& step = steps->as_object().front().second;
  const Json* runtime = step.find("runtime");
  const auto type = runtime != nullptr ? type_of(*runtime) : "";
  if ((type == "endpoint") != is_endpoint_slug(function.slug)) {
    return wrong(function, "endpoints, and no others, have the address in their id");
  }
  if (type != "http" && type != "ws" && type != "endpoint") {
    return not_yet(function, "this pod calls functions over HTTP, or by workers that connect");
  }
  function.url = std::string(runtime->string_or("url", ""));
  function.is_connected = type == "ws";
  function.is_endpoint = type == "endpoint";
  if (!function.is_connected) {
    if (auto url = check_url(function.url); !url) return wrong(function, url.error().message);
  }
  const Json* retries = step.find("retries");
  const Json* attempts = retries != nullptr ? retries->find("attempts") : nullptr;
  if (attempts == nullptr || attempts->is_null()) return {};
  if (!attempts->is_integer() || attempts->as_integer() < 0) {
    return wrong(function, "retries are a whole number");
  }
  function.retries_max =
      static_cast<int>(std::min<std::int64_t>(attempts->as_integer(), kRetriesMax));
  return {};
}

Result<> check_limits(const AppFunction& function, const Json& json) {
  for (const auto& [key, value] : json.as_object()) {
    if (!says_something(value)) continue;
    if (std::ranges::find(kKnown, key) == kKnown.end()) {
      return not_yet(function, fmt::format("this pod does not know \"{}\"", key.substr(0, 40)));
    }
  }
  return {};
}

std::string checksum_of(const Registration& registration) {
  Json said = Json::object({{"app", registration.app},
                            {"url", registration.url},
                            {"sdk", registration.sdk},
                            {"framework", registration.framework},
                            {"version", registration.version},
                            {"functions", registration.functions}});
  return to_hex(sha256(canonical_json(said)));
}

// All that is wrong, since whoever mends one function would meet the next.
Result<> check_functions(const Registration& registration) {
  std::set<std::string> slugs;
  std::vector<std::string> problems;
  Code code = Code::kBadRequest;
  for (const auto& json : registration.functions.as_array()) {
    auto function = AppFunction::read(json);
    if (!function) {
      code = function.error().code;
      problems.push_back(function.error().message);
    } else if (function->is_endpoint) {
      problems.push_back(fmt::format("{}: endpoints are not registered", function->slug));
    } else if (!slugs.insert(function->slug).second) {
      problems.push_back(fmt::format("{}: there are two functions of this id", function->slug));
    } else if (function->is_connected != is_connect_url(registration.url)) {
      problems.push_back(
          fmt::format("{}: what is served at an address is registered there, what "
                      "connects by its worker",
                      function->slug));
    }
  }
  if (problems.empty()) return {};
  std::string message = "The app is not registered. ";
  for (std::size_t i = 0; i < std::min(problems.size(), kProblemsShown); ++i) {
    if (i > 0) message += "; ";
    message += problems[i];
  }
  if (problems.size() > kProblemsShown) {
    message += fmt::format("; and {} more", problems.size() - kProblemsShown);
  }
  return fail(code, std::move(message));
}

// What is the same whichever way it has come.
Result<Registration> whole(Registration made, Json functions) {
  if (made.app.size() > kAppCharactersMax || !is_slug(made.app)) {
    return fail(Code::kBadRequest,
                fmt::format("appName has 1 to {} letters, digits and \"-_.\"", kAppCharactersMax));
  }
  if (!functions.is_array()) return fail(Code::kBadRequest, "functions are a list");
  if (functions.as_array().size() > kFunctionsOfAppMax) {
    return fail(Code::kBadRequest,
                fmt::format("An app has at most {} functions; \"{}\" has {}", kFunctionsOfAppMax,
                            made.app, functions.as_array().size()));
  }
  made.functions = std::move(functions);
  if (auto checked = check_functions(made); !checked) return fail(checked.error());
  made.checksum = checksum_of(made);
  return made;
}

}  // namespace

bool is_endpoint_slug(std::string_view text) {
  const bool has_address = text.starts_with("http://") || text.starts_with("https://");
  return has_address && text.size() <= kEndpointSlugCharactersMax &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~' && c != '@'; });
}

bool is_connect_url(std::string_view url) {
  return url.starts_with(kConnectUrl);
}

Result<> check_url(const std::string& url) {
  const auto parsed = outbound::parse_url(url);
  if (!parsed) return fail(parsed.error());
  if (!parsed->has_user) return {};
  return fail(Code::kBadRequest, "the address of an app has no user and no password");
}

Result<AppFunction> AppFunction::read(const Json& said) {
  AppFunction function;
  if (!said.is_object()) return fail(Code::kBadRequest, "A function is an object");
  const Json json = with_names_as_known(said);
  function.slug = std::string(json.string_or("id", ""));
  if (!is_slug(function.slug) && !is_endpoint_slug(function.slug)) {
    return fail(Code::kBadRequest,
                fmt::format("\"{}\" is no id of a function: 1 to {} letters, digits and \"-_.\"",
                            function.slug.substr(0, valid_utf8_prefix(function.slug.substr(0, 80))),
                            kSlugCharactersMax));
  }
  function.name = std::string(json.string_or("name", function.slug));
  for (auto* part : {&read_triggers, &read_step}) {
    if (auto read = (*part)(function, json); !read) return fail(read.error());
  }
  if (auto checked = check_limits(function, json); !checked) return fail(checked.error());
  auto flow = read_flow(json);
  if (!flow) return wrong(function, flow.error().message);
  function.flow = std::move(*flow);
  return function;
}

Result<Registration> Registration::read(Json body) {
  if (!body.is_object()) return fail(Code::kBadRequest, "A registration is an object");
  // The Python SDK writes appname: Inngest's server reads names whatever their case.
  Registration made{.app = std::string(body.string_or("appName", body.string_or("appname", ""))),
                    .url = std::string(body.string_or("url", "")),
                    .sdk = std::string(body.string_or("sdk", "")),
                    .framework = std::string(body.string_or("framework", "")),
                    .version = std::string(body.string_or("appVersion", "")),
                    .functions = {},
                    .checksum = {}};
  if (auto url = check_url(made.url); !url) return fail(url.error());
  Json* functions = body.find("functions");
  return whole(std::move(made), functions != nullptr ? std::move(*functions) : Json());
}

Result<Registration> Registration::read_connected(Connected said) {
  return whole({.app = said.app,
                .url = std::string(kConnectUrl) + said.app,
                .sdk = std::move(said.sdk),
                .framework = std::move(said.framework),
                .version = std::move(said.version),
                .functions = {},
                .checksum = {}},
               std::move(said.functions));
}

Registration Registration::of_endpoints(std::string app, std::string sdk, Json functions) {
  Registration made{.app = app,
                    .url = std::move(app),
                    .sdk = std::move(sdk),
                    .framework = "endpoint",
                    .version = {},
                    .functions = std::move(functions),
                    .checksum = {}};
  made.checksum = checksum_of(made);
  return made;
}

Result<Registration> Registration::read_answer(Json body) {
  if (!body.is_object()) return fail(Code::kBadRequest, "A registration is an object");
  body.set("appName", body.string_or("app_id", ""));
  if (body.string_or("sdk", "").empty()) {
    body.set("sdk", fmt::format("{}:v{}", body.string_or("sdk_language", ""),
                                body.string_or("sdk_version", "")));
  }
  return read(std::move(body));
}

}  // namespace synap::inngest
