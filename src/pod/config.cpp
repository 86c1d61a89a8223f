#include "pod/config.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <functional>
#include <limits>
#include <variant>

#include "base/check.h"
#include "net/origins.h"

namespace synap::pod {
namespace {

// A value from any of the sources. Variables and flags are text, which each kind of setting reads
// in its own way; a file has types of its own.
using Text = std::string;
using Value = std::variant<Text, std::int64_t, bool, std::vector<std::string>>;

struct Setting {
  SettingInfo info;
  std::string expected;  // "a whole number from 1 to 256"
  // False: the value is not as expected.
  std::function<bool(Config&, const Value&)> apply;
};

// All settings with a comment each are some 4 KiB.
constexpr std::int64_t kConfigBytesMax = 1024 * 1024;

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The value as it is, if it is a T.
template <class T>
std::optional<T> as(const Value& value) {
  if (const auto* same = std::get_if<T>(&value)) return *same;
  return std::nullopt;
}

Setting text_setting(std::string_view name, std::string_view docs, std::string expected,
                     std::function<bool(Config&, const std::string&)> set) {
  return {{name, docs}, std::move(expected), [set = std::move(set)](Config& c, const Value& value) {
            const auto text = as<Text>(value);
            return text && set(c, *text);
          }};
}

Setting number_setting(std::string_view name, std::string_view docs, std::int64_t least,
                       std::int64_t most, std::function<void(Config&, std::int64_t)> set) {
  return {{name, docs},
          fmt::format("a whole number from {} to {}", least, most),
          [=, set = std::move(set)](Config& config, const Value& value) {
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
  const Member value = PodOptions{}.*member;
  if constexpr (requires { value.count(); }) {
    setting.info.value = std::to_string(value.count());
  } else {
    setting.info.value = std::to_string(value);
  }
  setting.info.is_number = true;
  return setting;
}

// What the texts are where nobody says them; those of the numbers are known by their members.
void fill_in(std::vector<Setting>& all) {
  const Config plain;
  for (auto& setting : all) {
    setting.info.expected = setting.expected;
    if (setting.info.name == "data") setting.info.value = plain.pod.data;
    if (setting.info.name == "listen") {
      setting.info.value = address_text(plain.pod.host, plain.pod.port);
    }
    if (setting.info.name == "log_format") setting.info.value = "text";
    if (setting.info.name == "log_level") setting.info.value = "info";
  }
}

bool set_listen(Config& config, const std::string& text) {
  const auto address = parse_address(text);
  if (!address) return false;
  config.pod.host = address->host;
  config.pod.port = address->port;
  return true;
}

bool set_origins(Config& config, const Value& value) {
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

constexpr std::string_view kListenExpected =
    "HOST:PORT with an IP address, as 127.0.0.1:4400, [::1]:4400 or localhost:4400";

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
  all.push_back(text_setting("listen", "Where to serve, HOST:PORT. Port 0 is any free one.",
                             std::string(kListenExpected), set_listen));
  all.push_back(number_setting("http_threads", "Threads that serve HTTP and WebSocket.", 1, 256,
                               &PodOptions::http_threads));
  all.push_back(number_setting("worker_concurrency", "Runs under way at once.", 1, 100'000,
                               &PodOptions::worker_concurrency));
  all.push_back(
      {{"allowed_origins",
        "Origins whose web pages may call the pod beside its own and this machine's, or * "
        "for any. A comma between two."},
       "a list of origins, as https://notes.example, or *",
       set_origins});
  all.push_back(
      text_setting("public_url",
                   "Where others find the pod, as https://notes.example: its host is one "
                   "that requests may be for.",
                   "a URL, as https://notes.example", [](Config& config, const std::string& text) {
                     config.pod.public_url = text;
                     return (text.starts_with("http://") || text.starts_with("https://")) &&
                            !net::host_of(text).empty();
                   }));
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
  all.push_back(text_setting("log_format", "How the log on stderr is written: text or json.",
                             "text or json", [](Config& config, const std::string& text) {
                               config.log.format =
                                   text == "json" ? LogFormat::kJson : LogFormat::kText;
                               return text == "json" || text == "text";
                             }));
  all.push_back(text_setting("log_level",
                             "The least that is logged: error, warn, info, or debug, which is a "
                             "line for each call.",
                             "error, warn, info or debug",
                             [](Config& config, const std::string& text) {
                               const auto level = log_level_by_name(text);
                               if (level) config.log.level = *level;
                               return level.has_value();
                             }));
  all.push_back({{"insecure", "Serve on an address that others can reach, without TLS.", true},
                 "true or false",
                 [](Config& config, const Value& value) {
                   const auto is_on = as<bool>(value);
                   if (is_on) config.is_insecure = *is_on;
                   return is_on.has_value();
                 }});
  fill_in(all);
  return all;
}

const std::vector<Setting>& all_settings() {
  static const auto all = make_settings();
  return all;
}

const Setting* find_setting(std::string_view name) {
  const auto& all = all_settings();
  const auto at = std::ranges::find_if(all, [&](const Setting& s) { return s.info.name == name; });
  return at == all.end() ? nullptr : &*at;
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const auto comma = text.find(',');
    auto part = text.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

// All that a text can mean; the setting takes the one of its kind.
bool apply_text(const Setting& setting, Config& config, const std::string& text) {
  if (setting.apply(config, text)) return true;
  if (const auto number = whole_number(text); number && setting.apply(config, *number)) return true;
  if ((text == "true" || text == "1") && setting.apply(config, true)) return true;
  if ((text == "false" || text == "0") && setting.apply(config, false)) return true;
  return setting.apply(config, split_at_commas(text));
}

std::optional<Value> value_of(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto number = node.value_exact<std::int64_t>()) return *number;
  if (const auto is_on = node.value_exact<bool>()) return *is_on;
  const auto* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  for (const auto& item : *array) {
    const auto text = item.value_exact<std::string>();
    if (!text) return std::nullopt;
    texts.push_back(*text);
  }
  return texts;
}

std::string allowed_names() {
  std::vector<std::string_view> names;
  for (const auto& setting : all_settings()) names.push_back(setting.info.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

// A regular file, whole. TOML's own way takes a directory or a device for an empty file, and the
// pod would start without a word with other settings than were meant.
Result<std::string> read_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    return fail(Code::kNotFound, fmt::format("The configuration file {} cannot be read: {}", path,
                                             std::strerror(errno)));
  }
  struct stat info{};
  std::string text;
  const bool is_file = ::fstat(file, &info) == 0 && S_ISREG(info.st_mode);
  bool is_read = is_file && info.st_size <= kConfigBytesMax;
  while (is_read) {
    char buffer[16 * 1024];
    const auto count = ::read(file, buffer, sizeof buffer);
    is_read = count >= 0 && text.size() + static_cast<std::size_t>(count) <= kConfigBytesMax;
    if (count <= 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
  }
  ::close(file);
  if (is_read) return text;
  return fail(Code::kBadRequest,
              is_file
                  ? fmt::format("The configuration file {} cannot be read, or is larger than {} "
                                "bytes",
                                path, kConfigBytesMax)
                  : fmt::format("The configuration file {} is no regular file", path));
}

Result<toml::table> parse_file(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return fail(text.error());
  try {
    return toml::parse(*text, path);
  } catch (const toml::parse_error& error) {
    return fail(Code::kBadRequest, fmt::format("{}, line {}: this is no TOML: {}", path,
                                               error.source().begin.line, error.description()));
  }
}

Result<> apply_file(const std::string& path, Config& config) {
  const auto table = parse_file(path);
  if (!table) return fail(table.error());
  for (const auto& [key, node] : *table) {
    const auto line = key.source().begin.line;
    const auto* setting = find_setting(key.str());
    if (setting == nullptr) {
      return fail(Code::kBadRequest,
                  fmt::format("{}, line {}: there is no setting \"{}\"; there are {}", path, line,
                              key.str(), allowed_names()));
    }
    const auto value = value_of(node);
    if (!value || !setting->apply(config, *value)) {
      return fail(Code::kBadRequest, fmt::format("{}, line {}: {} must be {}", path, line,
                                                 setting->info.name, setting->expected));
    }
  }
  return {};
}

// Variables of the client's commands, and where the file is.
constexpr std::array<std::string_view, 4> kOtherVariables = {"SYNAP_URL", "SYNAP_KEY",
                                                             "SYNAP_CONTEXT", "SYNAP_CONFIG"};

Error not_as_expected(const Setting& setting, std::string_view name, std::string_view text) {
  auto sentence = fmt::format("{} must be {}", name, setting.expected);
  if (!setting.info.is_secret) sentence += fmt::format("; it is \"{}\"", text);
  return {Code::kBadRequest, std::move(sentence)};
}

Result<> apply_environment(const std::map<std::string, std::string>& environment, Config& config) {
  for (const auto& setting : all_settings()) {
    const auto variable = variable_of(setting.info.name);
    const auto at = environment.find(variable);
    if (at == environment.end() || apply_text(setting, config, at->second)) continue;
    return fail(not_as_expected(setting, variable, at->second));
  }
  for (const auto& [variable, text] : environment) {
    if (!variable.starts_with("SYNAP_") || std::ranges::count(kOtherVariables, variable) > 0) {
      continue;
    }
    const auto& all = all_settings();
    if (std::ranges::none_of(
            all, [&](const Setting& s) { return variable_of(s.info.name) == variable; })) {
      config.warnings.push_back(fmt::format("The variable {} means nothing to a pod", variable));
    }
  }
  return {};
}

}  // namespace

const std::vector<SettingInfo>& settings() {
  static const auto infos = [] {
    std::vector<SettingInfo> list;
    for (const auto& setting : all_settings()) list.push_back(setting.info);
    return list;
  }();
  return infos;
}

std::string variable_of(std::string_view setting) {
  std::string name = "SYNAP_";
  for (const char c : setting) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

std::string flag_of(std::string_view setting) {
  auto name = fmt::format("--{}", setting);
  std::ranges::replace(name, '_', '-');
  return name;
}

Result<Config> load_config(const ConfigSources& sources) {
  Config config;
  if (sources.file) {
    if (auto done = apply_file(*sources.file, config); !done) return fail(done.error());
  }
  if (auto done = apply_environment(sources.environment, config); !done) return fail(done.error());
  for (const auto& [name, text] : sources.flags) {
    const auto* setting = find_setting(name);
    SYNAP_CHECK(setting != nullptr, name);
    if (apply_text(*setting, config, text)) continue;
    return fail(not_as_expected(*setting, flag_of(name), text));
  }
  if (!is_loopback(config.pod.host) && !config.is_insecure) {
    return fail(Code::kBadRequest,
                fmt::format("{} can be reached by others, and a pod speaks no TLS yet: listen on "
                            "127.0.0.1 and put a proxy with TLS in front, or say --insecure "
                            "(insecure = true) if the network is one you trust",
                            address_text(config.pod.host, config.pod.port)));
  }
  const auto& pod = config.pod;
  if (pod.connections_kept.value_or(0) >= pod.connections_max) {
    return fail(Code::kBadRequest,
                fmt::format("connections_kept must be less than connections_max, which is {}: "
                            "whoever comes is a stranger first",
                            pod.connections_max));
  }
  if (pod.body_bytes_max > pod.bytes_in_flight_key_max ||
      pod.body_bytes_max > pod.bytes_in_flight_max) {
    return fail(Code::kBadRequest,
                fmt::format("A request of {} bytes (body_bytes_max) would never find room: "
                            "bytes_in_flight_key_max and bytes_in_flight_max must be at least that",
                            pod.body_bytes_max));
  }
  return config;
}

Result<Address> parse_address(std::string_view text) {
  const auto wrong = fail(Code::kBadRequest, fmt::format("An address is {}", kListenExpected));
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong;
  const auto port = whole_number(text.substr(colon + 1));
  if (!port || *port < 0 || *port > std::numeric_limits<std::uint16_t>::max()) return wrong;
  auto host = text.substr(0, colon);
  const bool has_brackets = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (has_brackets) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  Address address{std::string(host), static_cast<std::uint16_t>(*port)};
  std::array<std::uint8_t, 16> bytes{};
  const int family = has_brackets ? AF_INET6 : AF_INET;
  if (::inet_pton(family, address.host.c_str(), bytes.data()) != 1) return wrong;
  return address;
}

std::string address_text(std::string_view host, std::uint16_t port) {
  return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace synap::pod
