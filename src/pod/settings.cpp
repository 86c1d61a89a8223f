#include "pod/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "base/duration.h"
#include "inngest/duration.h"
#include "inngest/registration.h"
#include "net/origins.h"
#include "outbound/policy.h"
#include "pod/tracing.h"

namespace synap::pod {

const std::string_view kListenExpected =
    "HOST:PORT with an IP address, as 127.0.0.1:4400, [::1]:4400 or localhost:4400";

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

namespace {

constexpr std::int64_t kHourNs = 3'600'000'000'000;

// The value as it is, if it is a T.
template <class T>
std::optional<T> as(const SettingValue& value) {
  if (const auto* same = std::get_if<T>(&value)) return *same;
  return std::nullopt;
}

Setting text_setting(std::string_view name, std::string_view docs, std::string expected,
                     std::function<bool(Config&, const std::string&)> set) {
  return {{name, docs},
          std::move(expected),
          [set = std::move(set)](Config& c, const SettingValue& value) {
            const auto text = as<std::string>(value);
            return text && set(c, *text);
          }};
}

Setting number_setting(std::string_view name, std::string_view docs, std::int64_t least,
                       std::int64_t most, std::function<void(Config&, std::int64_t)> set) {
  return {{name, docs},
          fmt::format("a whole number from {} to {}", least, most),
          [=, set = std::move(set)](Config& config, const SettingValue& value) {
            const auto number = as<std::int64_t>(value);
            if (!number || *number < least || *number > most) return false;
            set(config, *number);
            return true;
          }};
}

// A member of PodOptions that is a number.
template <class Member>
Setting number_setting(std::string_view name, std::string_view docs, std::int64_t least,
                       std::int64_t most, Member PodOptions::* member) {
  auto setting = number_setting(name, docs, least, most, [member](Config& config, std::int64_t n) {
    config.pod.*member = static_cast<Member>(n);
  });
  setting.show = [member](const Config& config) {
    if constexpr (std::is_integral_v<Member>) {
      return std::to_string(config.pod.*member);
    } else {
      return std::to_string((config.pod.*member).count());
    }
  };
  return setting;
}

bool set_listen(Config& config, const std::string& text) {
  const auto address = parse_address(text);
  if (!address) return false;
  config.pod.host = address->host;
  config.pod.port = address->port;
  return true;
}

bool set_origins(Config& config, const SettingValue& value) {
  const auto origins = as<std::vector<std::string>>(value);
  if (!origins) return false;
  const auto is_origin = [](const std::string& origin) {
    return origin == "*" || origin.starts_with("http://") || origin.starts_with("https://");
  };
  if (!std::ranges::all_of(*origins, is_origin)) return false;
  config.pod.allowed_origins = *origins;
  return true;
}

// Fewer could be guessed by whoever has the time, more do not belong into a header.
constexpr std::size_t kMetricsKeyCharactersMin = 16;
constexpr std::size_t kMetricsKeyCharactersMax = 512;

Setting list_setting(std::string_view name, std::string_view docs, std::string expected,
                     bool (*is_one)(const std::string&),
                     std::function<std::vector<std::string>&(Config&)> member) {
  return {{name, docs},
          std::move(expected),
          [=](Config& config, const SettingValue& value) {
            const auto list = as<std::vector<std::string>>(value);
            if (!list || !std::ranges::all_of(*list, is_one)) return false;
            member(config) = *list;
            return true;
          },
          [member](const Config& config) {
            Config copy = config;
            return fmt::format("{}", fmt::join(member(copy), ", "));
          }};
}

bool is_web_address(const std::string& text) {
  return inngest::check_url(text).has_value();
}

bool is_allowed_address(const std::string& text) {
  return outbound::Policy::public_only({text}).has_value();
}

// How long something is kept.
Setting retention_setting(std::string_view name, std::string_view docs,
                          std::chrono::milliseconds& (*member)(Config&)) {
  auto setting = text_setting(name, docs, "a duration, as 90d or 36h, of an hour at least, or 0",
                              [member](Config& config, const std::string& text) {
                                const auto ns = parse_long_duration_ns(text);
                                if (!ns || (*ns != 0 && *ns < kHourNs)) return false;
                                member(config) = std::chrono::milliseconds(*ns / 1'000'000);
                                return true;
                              });
  setting.show = [member](const Config& config) {
    Config copy = config;
    const auto age = member(copy).count();
    return age == 0 ? std::string("0") : fmt::format("{}ms", age);
  };
  return setting;
}

// Which runs that have ended stay.
void add_retention_settings(std::vector<Setting>& all) {
  all.push_back(retention_setting(
      "runs_retention",
      "How long runs that have ended are kept, as 90d or 36h; 0 is for ever. Never the log.",
      [](Config& c) -> std::chrono::milliseconds& { return c.pod.runs.age; }));
  all.push_back(number_setting(
      "runs_kept_max", "Runs that have ended and are kept, the newest; 0 is all.", 0,
      1'000'000'000'000, [](Config& config, std::int64_t n) { config.pod.runs.count_max = n; }));
  all.back().show = [](const Config& c) { return std::to_string(c.pod.runs.count_max); };
  all.push_back(number_setting(
      "runs_kept_bytes_max",
      "Bytes that runs that have ended may take with their steps, the newest stay; 0 is any.", 0,
      1'000'000'000'000'000,
      [](Config& config, std::int64_t n) { config.pod.runs.bytes_max = n; }));
  all.back().show = [](const Config& c) { return std::to_string(c.pod.runs.bytes_max); };
  all.push_back(switch_setting("runs_retention_dead",
                               "Dead letters are not kept longer than other runs.",
                               [](Config& c) -> bool& { return c.pod.runs.takes_dead_letters; }));
  all.push_back(retention_setting(
      "threads_retention",
      "How long threads of graphs outside (checkpoints.*) are kept that nobody uses, as 90d or "
      "36h; 0 is for ever.",
      [](Config& c) -> std::chrono::milliseconds& { return c.pod.threads_age; }));
}

Setting chain_setting(std::string_view name, std::string_view docs, std::int64_t least,
                      std::int64_t most, std::int64_t agents::ChainLimits::* member) {
  auto setting = number_setting(name, docs, least, most, [member](Config& config, std::int64_t n) {
    config.pod.agent_chains.*member = n;
  });
  setting.show = [member](const Config& c) { return std::to_string(c.pod.agent_chains.*member); };
  return setting;
}

// A whole or decimal number of 0 to this.
std::optional<double> number_of(const SettingValue& value, double most) {
  const auto fitting = [most](double number) {
    return number >= 0 && number <= most ? std::optional(number) : std::nullopt;
  };
  if (const auto whole = as<std::int64_t>(value)) return fitting(static_cast<double>(*whole));
  if (const auto real = as<double>(value)) return fitting(*real);
  const auto text = as<std::string>(value);
  if (!text) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return fitting(number);
}

// What agents may do.
void add_agent_settings(std::vector<Setting>& all) {
  all.push_back(text_setting(
      "agent_guard",
      "on: what a language model asks for after an agent has read something waits for a person. "
      "off: it is done at once.",
      "on or off", [](Config& config, const std::string& text) {
        config.pod.guards_agents = text == "on";
        return text == "on" || text == "off";
      }));
  all.back().show = [](const Config& c) { return std::string(c.pod.guards_agents ? "on" : "off"); };
  all.push_back(chain_setting(
      "agent_chain_depth_max",
      "Runs of agents that may follow from each other, one from what the one before it did.", 1,
      1'000, &agents::ChainLimits::depth_max));
  all.push_back(
      chain_setting("agent_chain_runs_max",
                    "Runs of agents of one chain: the first, and all that follow from what it did.",
                    1, 1'000'000, &agents::ChainLimits::runs_max));
  all.push_back(chain_setting(
      "agent_chain_tokens_max",
      "Tokens that models may read and write for runs of agents that follow from each other, all "
      "together: at least what one call may take, or 0, which is any number.",
      0, 1'000'000'000'000, &agents::ChainLimits::tokens_max));
  all.push_back({{"agent_chain_cost_max",
                  "The same in money, in the currency of the prices of models. 0 is any amount."},
                 "a number from 0 to 1000000, as 2.5",
                 [](Config& config, const SettingValue& value) {
                   const auto cost = number_of(value, 1'000'000);
                   if (cost) config.pod.agent_chains.cost_max = *cost;
                   return cost.has_value();
                 },
                 [](const Config& c) { return fmt::format("{}", c.pod.agent_chains.cost_max); }});
  all.push_back(chain_setting(
      "agent_runs_per_hour_max",
      "Runs of one agent an hour that events may begin, for each user; those beyond wait. 0 is any "
      "number.",
      0, 1'000'000, &agents::ChainLimits::runs_per_hour_max));
}

// Of a text that OpenTelemetry's own variable may say, too.
Setting trace_setting(std::string_view name, std::string_view docs, std::string expected,
                      bool (*is_one)(const std::string&), std::string TraceOptions::* member,
                      std::string_view variable) {
  auto setting =
      text_setting(name, docs, std::move(expected), [=](Config& config, const std::string& text) {
        config.pod.traces.*member = text;
        return is_one(text);
      });
  setting.show = [member](const Config& config) { return config.pod.traces.*member; };
  setting.other_variable = variable;
  return setting;
}

// Traces, and who collects them.
void add_trace_settings(std::vector<Setting>& all) {
  all.push_back(trace_setting(
      "otlp_endpoint",
      "A collector of OpenTelemetry, as http://127.0.0.1:4318, that is sent traces over OTLP/HTTP.",
      "a URL, as http://127.0.0.1:4318", is_web_address, &TraceOptions::endpoint,
      "OTEL_EXPORTER_OTLP_ENDPOINT"));
  all.push_back(trace_setting(
      "otlp_headers", "What the collector wants as headers, as api-key=abc. A comma between two.",
      "NAME=VALUE, and a comma between two",
      [](const std::string& text) { return parse_otlp_headers(text).has_value(); },
      &TraceOptions::headers, "OTEL_EXPORTER_OTLP_HEADERS"));
  all.back().info.is_secret = true;
  all.push_back(trace_setting(
      "otlp_service_name", "What the pod is called in traces.", "1 to 128 characters",
      [](const std::string& text) { return !text.empty() && text.size() <= 128; },
      &TraceOptions::service_name, "OTEL_SERVICE_NAME"));
  all.push_back({{"trace_ratio",
                  "How many of the traces that begin here are kept, from 0 to 1; of others their "
                  "caller says it."},
                 "a number from 0 to 1, as 0.1",
                 [](Config& config, const SettingValue& value) {
                   const auto ratio = number_of(value, 1);
                   if (ratio) config.pod.traces.ratio = *ratio;
                   return ratio.has_value();
                 },
                 [](const Config& c) { return fmt::format("{}", c.pod.traces.ratio); },
                 "OTEL_TRACES_SAMPLER_ARG"});
}

// Of the pod as a server for apps of Inngest's SDKs.
void add_inngest_settings(std::vector<Setting>& all) {
  all.push_back(list_setting(
      "outbound_allowed",
      "Hosts, addresses and ranges that the pod may call although they are not of the public "
      "internet, as 10.1.0.0/16. A comma between two.",
      "a list of hosts, addresses with or without a port, or ranges, as 10.1.0.0/16",
      is_allowed_address,
      [](Config& c) -> std::vector<std::string>& { return c.pod.outbound_allowed; }));
  all.push_back(list_setting(
      "egress_allowed",
      "The only hosts, addresses and ranges to which the pod sends what is its users', as "
      "apps.example.org: calls of apps, their events and prompts. Providers of models that are "
      "set, and what outbound_allowed names, are of them. Outside of it is what the owner has set "
      "to be reached: an Inngest server as the bus, an OTLP collector, S3, PostgreSQL; and workers "
      "that connect to the pod. [] is no list: anywhere on the public internet. A comma between "
      "two.",
      "a list of hosts, addresses with or without a port, or ranges, as apps.example.org",
      is_allowed_address,
      [](Config& c) -> std::vector<std::string>& { return c.pod.egress_allowed; }));
  all.push_back(number_setting(
      "inngest_port", "A port for Inngest SDKs, which look at 8288; the main port serves them too.",
      0, 65'535, [](Config& config, std::int64_t n) {
        config.pod.inngest.port = static_cast<std::uint16_t>(n);
      }));
  all.back().show = [](const Config& c) {
    return c.pod.inngest.port ? std::to_string(*c.pod.inngest.port) : std::string();
  };
  all.push_back(number_setting(
      "inngest_connect_port",
      "A further port for the gateway of workers that connect; by default 8289, where inngest_port "
      "is 8288. Every port of Inngest's has the gateway.",
      0, 65'535, [](Config& config, std::int64_t n) {
        config.pod.inngest.connect_port = static_cast<std::uint16_t>(n);
      }));
  all.back().show = [](const Config& c) {
    const auto& port = c.pod.inngest.connect_port;
    return port ? std::to_string(*port) : std::string();
  };
  all.push_back(list_setting(
      "inngest_apps",
      "Addresses of apps that are asked to register, as http://127.0.0.1:3000/api/inngest. A comma "
      "between two.",
      "a list of URLs", is_web_address,
      [](Config& c) -> std::vector<std::string>& { return c.pod.inngest.apps; }));
  all.push_back(switch_setting(
      "dev",
      "Apps on this machine need no keys, and are called; never where others can reach the pod.",
      [](Config& c) -> bool& { return c.pod.inngest.is_dev; }));
  all.push_back(
      text_setting("dev_retry_interval", "How long apps' functions wait between attempts, as 1s.",
                   "a duration, as 1s or 500ms", [](Config& config, const std::string& text) {
                     const auto ms = inngest::parse_duration(text);
                     if (ms) config.pod.inngest.retry_interval = std::chrono::milliseconds(*ms);
                     return ms.has_value();
                   }));
  all.back().show = [](const Config& c) {
    const auto& interval = c.pod.inngest.retry_interval;
    return interval ? fmt::format("{}ms", interval->count()) : std::string();
  };
}

// A text that `is_one` says is right.
Setting checked_text(std::string_view name, std::string_view docs, std::string expected,
                     bool (*is_one)(const std::string&), std::string InngestBusOptions::* member) {
  auto setting =
      text_setting(name, docs, std::move(expected), [=](Config& config, const std::string& text) {
        config.pod.inngest_bus.*member = text;
        return is_one(text);
      });
  setting.show = [member](const Config& config) { return config.pod.inngest_bus.*member; };
  return setting;
}

bool is_visible(const std::string& text) {
  constexpr std::size_t kCharactersMax = 512;
  return !text.empty() && text.size() <= kCharactersMax &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

bool is_server_address(const std::string& text) {
  return is_web_address(text) && !text.ends_with('/') && !text.contains('?');
}

// What stands in a URL and in names as it is.
bool is_app_word(const std::string& text) {
  return is_visible(text) && text.size() <= 60 && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

bool is_event_pattern(const std::string& text) {
  return is_visible(text) && text.size() <= 128;
}

// Of the pod as an app of an Inngest server.
void add_inngest_bus_settings(std::vector<Setting>& all) {
  all.push_back(text_setting(
      "bus",
      "Who has functions run: local, the pod itself; or inngest, an Inngest server, which calls "
      "the pod's functions.",
      "local or inngest", [](Config& config, const std::string& text) {
        config.pod.inngest_bus.is_on = text == "inngest";
        return text == "inngest" || text == "local";
      }));
  all.back().show = [](const Config& c) {
    return std::string(c.pod.inngest_bus.is_on ? "inngest" : "local");
  };
  constexpr const char* kUrl = "a URL without a slash at its end, as http://127.0.0.1:8288";
  all.push_back(checked_text("inngest_url", "The address of the Inngest server that is the bus.",
                             kUrl, is_server_address, &InngestBusOptions::url));
  all.push_back(checked_text("inngest_event_url",
                             "Where that server takes events, if that is another address, as "
                             "https://inn.gs.",
                             kUrl, is_server_address, &InngestBusOptions::event_url));
  const auto add_key = [&](std::string_view name, std::string_view docs,
                           std::string InngestBusOptions::* member) {
    all.push_back(checked_text(name, docs, "1 to 512 visible characters", is_visible, member));
    all.back().info.is_secret = true;
  };
  add_key("inngest_event_key", "The event key of that server.", &InngestBusOptions::event_key);
  add_key("inngest_signing_key", "The signing key of that server, which signs its calls.",
          &InngestBusOptions::signing_key);
  add_key("inngest_signing_key_fallback",
          "Another signing key that is good as well, while keys are changed.",
          &InngestBusOptions::signing_key_fallback);
  all.push_back(checked_text("inngest_app", "What the pod is called there as an app.",
                             "1 to 60 letters, digits, - and _", is_app_word,
                             &InngestBusOptions::app));
  all.push_back(checked_text(
      "inngest_serve_url",
      "Where that server finds the pod, if that is not public_url or the address the pod listens "
      "at, as http://pod.lan:4400/api/inngest.",
      "a URL", is_web_address, &InngestBusOptions::serve_url));
  all.push_back(checked_text(
      "inngest_event_prefix", "What stands before the names of the pod's events there, as pod-a/.",
      "up to 64 visible characters", is_event_pattern, &InngestBusOptions::event_prefix));
  all.push_back(list_setting(
      "inngest_events",
      "Events that are posted there for functions of others, as note.*. A comma between two.",
      "a list of types of events", is_event_pattern,
      [](Config& c) -> std::vector<std::string>& { return c.pod.inngest_bus.events; }));
}

std::vector<Setting> make_settings() {
  constexpr std::int64_t kMiB = 1024 * 1024;
  constexpr std::int64_t kDayMs = 24 * 60 * 60 * 1000;
  std::vector<Setting> all;
  all.push_back(text_setting("data", "The directory in which the pod keeps everything.",
                             "the path of a directory",
                             [](Config& config, const std::string& text) {
                               config.pod.data = text;
                               return !text.empty();
                             }));
  all.back().show = [](const Config& c) { return c.pod.data; };
  all.push_back(text_setting("listen", "Where to serve, HOST:PORT. Port 0 is any free one.",
                             std::string(kListenExpected), set_listen));
  all.back().show = [](const Config& c) { return address_text(c.pod.host, c.pod.port); };
  all.push_back(number_setting("http_threads", "Threads that serve HTTP and WebSocket.", 1, 256,
                               &PodOptions::http_threads));
  all.push_back(
      number_setting("worker_concurrency",
                     "Runs of one function under way at once, of one user three quarters of them.",
                     1, 100'000, &PodOptions::worker_concurrency));
  all.push_back(
      {{"allowed_origins",
        "Origins whose web pages may call the pod beside its own and this machine's, or * "
        "for any. A comma between two."},
       "a list of origins, as https://notes.example, or *",
       set_origins,
       [](const Config& c) { return fmt::format("{}", fmt::join(c.pod.allowed_origins, ", ")); }});
  all.push_back(
      text_setting("public_url",
                   "Where others find the pod, as https://notes.example: its host is one "
                   "that requests may be for.",
                   "a URL, as https://notes.example", [](Config& config, const std::string& text) {
                     config.pod.public_url = text;
                     return (text.starts_with("http://") || text.starts_with("https://")) &&
                            !net::host_of(text).empty();
                   }));
  all.back().show = [](const Config& c) { return c.pod.public_url; };
  all.push_back(number_setting(
      "calls_per_second_max",
      "Calls a second that one user may make, with all keys together; 0 is no limit.", 0, 1'000'000,
      &PodOptions::calls_per_second_max));
  all.push_back(number_setting("header_bytes_max", "The largest head of a request, in bytes.", 1024,
                               kMiB, &PodOptions::header_bytes_max));
  all.push_back(number_setting("body_bytes_max", "The largest request, in bytes.", 1024,
                               1024 * kMiB, &PodOptions::body_bytes_max));
  all.push_back(
      number_setting("batch_max", "Calls in one request.", 1, 10'000, &PodOptions::batch_max));
  all.push_back(number_setting("connections_max", "Connections at once.", 1, 1'000'000,
                               &PodOptions::connections_max));
  all.push_back(number_setting("connections_kept",
                               "Connections of connections_max that only callers with a key get; a "
                               "quarter of them if not set.",
                               0, 1'000'000, [](Config& config, std::int64_t n) {
                                 config.pod.connections_kept = static_cast<std::size_t>(n);
                               }));
  all.back().show = [](const Config& c) {
    return c.pod.connections_kept ? std::to_string(*c.pod.connections_kept) : std::string();
  };
  all.push_back(number_setting("bytes_in_flight_max",
                               "Bytes of requests under way at once, of everybody together.", kMiB,
                               1024 * 1024 * kMiB, &PodOptions::bytes_in_flight_max));
  all.push_back(number_setting("bytes_in_flight_key_max",
                               "Bytes of requests under way at once, of one API key.", 1024,
                               1024 * 1024 * kMiB, &PodOptions::bytes_in_flight_key_max));
  all.push_back(
      number_setting("bytes_in_flight_strangers_max",
                     "Bytes of requests under way at once, of all without a key together.", kMiB,
                     1024 * kMiB, &PodOptions::bytes_in_flight_strangers_max));
  all.push_back(number_setting("head_timeout_ms", "How long the head of a request may take.", 1,
                               kDayMs, &PodOptions::head_timeout));
  all.push_back(number_setting("body_timeout_ms", "How long the body of a request may take.", 1,
                               kDayMs, &PodOptions::body_timeout));
  all.push_back(number_setting("idle_timeout_ms",
                               "How long a connection may wait between requests.", 1, kDayMs,
                               &PodOptions::idle_timeout));
  all.push_back(number_setting(
      "stranger_timeout_ms",
      "How long a connection without a key may wait, between requests or as a WebSocket.", 1,
      kDayMs, &PodOptions::stranger_timeout));
  all.push_back(number_setting("write_timeout_ms",
                               "How long a client may take nothing of what is sent to it.", 1,
                               kDayMs, &PodOptions::write_timeout));
  all.push_back(number_setting("stop_grace_ms", "How long a stop waits for what is under way.", 0,
                               600'000, &PodOptions::stop_grace));
  all.push_back(number_setting("drain_ms",
                               "How long /ready says no before a stop takes no more connections: "
                               "as long as what stands before the pod needs to see it.",
                               0, 600'000, &PodOptions::drain));
  all.push_back(number_setting(
      "node_lease_ms",
      "How long one of many nodes may show nothing before the others go on without it.", 3'000,
      600'000, [](Config& config, std::int64_t n) {
        config.pod.node.lease = std::chrono::milliseconds(n);
      }));
  all.back().show = [](const Config& c) { return std::to_string(c.pod.node.lease.count()); };
  all.push_back(number_setting("disk_free_bytes_min",
                               "Free bytes of the disk below which /ready says no; 0 is no bound.",
                               0, std::int64_t{1} << 50, &PodOptions::disk_free_bytes_min));
  all.push_back(text_setting(
      "metrics_key", "A key that reads /metrics and nothing else.",
      fmt::format("{} to {} visible characters", kMetricsKeyCharactersMin,
                  kMetricsKeyCharactersMax),
      [](Config& config, const std::string& text) {
        config.pod.metrics_key = text;
        return text.size() >= kMetricsKeyCharactersMin && text.size() <= kMetricsKeyCharactersMax &&
               std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
      }));
  all.back().info.is_secret = true;
  all.back().show = [](const Config& c) { return c.pod.metrics_key; };
  all.push_back(number_setting("log_part_events",
                               "Of how many events a part of the log is that is still to be made, "
                               "where the database is on a server.",
                               1'000, 1'000'000'000, &PodOptions::log_part_events));
  add_place_settings(all);
  add_retention_settings(all);
  add_search_settings(all);
  add_agent_settings(all);
  add_trace_settings(all);
  add_inngest_settings(all);
  add_inngest_bus_settings(all);
  all.push_back(text_setting("log_format", "How the log on stderr is written: text or json.",
                             "text or json", [](Config& config, const std::string& text) {
                               config.log.format =
                                   text == "json" ? LogFormat::kJson : LogFormat::kText;
                               return text == "json" || text == "text";
                             }));
  all.back().show = [](const Config& c) {
    return std::string(c.log.format == LogFormat::kJson ? "json" : "text");
  };
  all.push_back(text_setting("log_level",
                             "The least that is logged: error, warn, info, or debug, which is a "
                             "line for each call.",
                             "error, warn, info or debug",
                             [](Config& config, const std::string& text) {
                               const auto level = log_level_by_name(text);
                               if (level) config.log.level = *level;
                               return level.has_value();
                             }));
  all.back().show = [](const Config& c) { return std::string(log_level_name(c.log.level)); };
  all.push_back({{"insecure", "Serve on an address that others can reach, without TLS.", true},
                 "true or false",
                 [](Config& config, const SettingValue& value) {
                   const auto is_on = as<bool>(value);
                   if (is_on) config.is_insecure = *is_on;
                   return is_on.has_value();
                 },
                 [](const Config& c) { return std::string(c.is_insecure ? "true" : "false"); }});
  return all;
}

}  // namespace

Setting switch_setting(std::string_view name, std::string_view docs,
                       std::function<bool&(Config&)> member) {
  return {{name, docs, true},
          "true or false",
          [member](Config& config, const SettingValue& value) {
            const auto is_on = as<bool>(value);
            if (is_on) member(config) = *is_on;
            return is_on.has_value();
          },
          [member](const Config& config) {
            Config copy = config;
            return std::string(member(copy) ? "true" : "false");
          }};
}

const std::vector<Setting>& all_settings() {
  static const auto all = [] {
    auto made = make_settings();
    const Config plain;
    for (auto& setting : made) {
      setting.info.expected = setting.expected;
      setting.info.is_number = setting.expected.starts_with("a whole number");
      if (!setting.info.is_secret && !setting.info.is_switch) {
        setting.info.value = setting.show(plain);
      }
    }
    return made;
  }();
  return all;
}

const Setting* find_setting(std::string_view name) {
  const auto& all = all_settings();
  const auto at = std::ranges::find_if(all, [&](const Setting& s) { return s.info.name == name; });
  return at == all.end() ? nullptr : &*at;
}

}  // namespace synap::pod
