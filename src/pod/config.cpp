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

#include "agents/graph_run.h"
#include "base/check.h"
#include "base/suggestion.h"
#include "pod/model_settings.h"
#include "pod/settings.h"

namespace synap::pod {
namespace {

// All settings with a comment each are some 4 KiB.
constexpr std::int64_t kConfigBytesMax = 1024 * 1024;

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

std::optional<SettingValue> value_of(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto number = node.value_exact<std::int64_t>()) return *number;
  if (const auto real = node.value_exact<double>()) return *real;
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

bool has_nul(const SettingValue& value) {
  const auto has = [](const std::string& text) { return text.find('\0') != text.npos; };
  if (const auto* text = std::get_if<std::string>(&value)) return has(*text);
  const auto* texts = std::get_if<std::vector<std::string>>(&value);
  return texts != nullptr && std::ranges::any_of(*texts, has);
}

// Of the file, what there is in place of `name`: those that are near, or all.
std::string settings_near(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& setting : all_settings()) names.emplace_back(setting.info.name);
  names.emplace_back("models");
  auto near = did_you_mean(name, names);
  if (near == "; ") return fmt::format("; there are {}", fmt::join(names, ", "));
  near.pop_back();
  return near;
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
    if (key.str() == "models") {
      auto options = model_options_of(node, path, read_file);
      if (!options) return fail(options.error());
      config.pod.models = std::move(*options);
      continue;
    }
    const auto* setting = find_setting(key.str());
    if (setting == nullptr) {
      return fail(Code::kBadRequest, fmt::format("{}, line {}: there is no setting \"{}\"{}", path,
                                                 line, key.str(), settings_near(key.str())));
    }
    const auto value = value_of(node);
    // What comes behind it would be lost wherever the text goes to the system, without a word.
    if (value && has_nul(*value)) {
      return fail(
          Code::kBadRequest,
          fmt::format("{}, line {}: {} has a NUL character (\\u0000) in it, which no setting "
                      "may have",
                      path, line, key.str()));
    }
    if (!value || !setting->apply(config, *value)) {
      return fail(Code::kBadRequest, fmt::format("{}, line {}: {} must be {}", path, line,
                                                 setting->info.name, setting->expected));
    }
    config.origins[std::string(setting->info.name)] = Origin::kFile;
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
    auto variable = variable_of(setting.info.name);
    auto at = environment.find(variable);
    if (at == environment.end() && !setting.other_variable.empty()) {
      variable = setting.other_variable;
      at = environment.find(variable);
      // As the specification has it, an empty one is none.
      if (at != environment.end() && at->second.empty()) at = environment.end();
    }
    if (at == environment.end()) continue;
    if (!apply_text(setting, config, at->second)) {
      return fail(not_as_expected(setting, variable, at->second));
    }
    config.origins[std::string(setting.info.name)] = Origin::kEnvironment;
  }
  std::vector<std::string> known(kOtherVariables.begin(), kOtherVariables.end());
  for (const auto& setting : all_settings()) known.push_back(variable_of(setting.info.name));
  for (const auto& [variable, text] : environment) {
    if (!variable.starts_with("SYNAP_") || std::ranges::count(known, variable) > 0) continue;
    auto near = did_you_mean(variable, known);
    near.pop_back();
    config.warnings.push_back(
        fmt::format("The variable {} means nothing to a pod{}", variable, near == ";" ? "" : near));
  }
  return {};
}

// What is a secret is shown nowhere, not even its length.
std::string shown(const Setting& setting, const Config& config) {
  auto text = setting.show(config);
  if (!setting.info.is_secret) return text;
  return text.empty() ? "(not set)" : "(set)";
}

std::vector<SettingInForce> settings_in_force(const Config& config) {
  const Config untouched;
  std::vector<SettingInForce> all;
  for (const auto& setting : all_settings()) {
    const auto said = config.origins.find(setting.info.name);
    const auto origin = said != config.origins.end() ? said->second : Origin::kDefault;
    all.push_back({.name = std::string(setting.info.name),
                   .value = shown(setting, config),
                   .default_value = shown(setting, untouched),
                   .from = std::string(origin_name(origin)),
                   .description = std::string(setting.info.docs)});
  }
  auto of_models = models_in_force(config.pod.models);
  std::ranges::move(of_models, std::back_inserter(all));
  return all;
}

// A key from its file: one line.
Result<> read_key(std::string_view setting, const std::string& path, std::string& key) {
  if (path.empty()) return {};
  if (!key.empty()) {
    return fail(Code::kBadRequest,
                fmt::format("{0} and {0}_file are both set; one says which it is", setting));
  }
  auto text = read_file(path);
  if (!text) {
    return fail(text.error().code,
                fmt::format("{}_file: {} cannot be read, or is no file", setting, path));
  }
  while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
  if (text->empty()) return fail(Code::kBadRequest, fmt::format("{} is empty", path));
  key = std::move(*text);
  return {};
}

// A chain that holds no call that an agent may make would answer no chat at all.
Result<> check_chains(const PodOptions& pod) {
  std::int64_t answer = 0;
  for (const auto& model : pod.models.chat) answer = std::max(answer, answer_tokens_max(model));
  const auto question = question_tokens_max(pod.models, agents::Limits{}.tokens_of_ask);
  const auto most = pod.agent_chains.tokens_max;
  if (most == 0 || most >= question + answer) return {};
  return fail(Code::kBadRequest,
              fmt::format("agent_chain_tokens_max must be 0, for any number, or at least {}, which "
                          "one call of a model may take: {} of a question and {} of an answer "
                          "(tokens_max of models.chat)",
                          question + answer, question, answer));
}

// The relay and what it keeps are one process's.
Result<> check_nodes(const Config& config) {
  if (!config.pod.node.is_one_of_many) return {};
  if (config.pod.database.empty()) {
    return fail(Code::kBadRequest,
                "nodes = \"many\" needs `database`, a database on a server: a directory is one "
                "pod's");
  }
  if (config.pod.inngest_bus.is_on || !config.pod.inngest_bus.url.empty()) {
    return fail(Code::kBadRequest,
                "nodes = \"many\" is not for a pod with an Inngest server: one node at a time can "
                "relay to it");
  }
  return {};
}

// A database that is not in the data directory.
Result<> check_database(Config& config) {
  auto& url = config.pod.database;
  if (auto read = read_key("database", config.database_file, url); !read) return read;
  if (url.empty() && config.is_standby) {
    return fail(Code::kBadRequest,
                "standby needs `database`, a database on a server: a directory is one pod's");
  }
  if (config.pod.is_database_pooled && (url.empty() || config.is_standby)) {
    return fail(Code::kBadRequest,
                url.empty() ? "database_pooler needs `database`, a database on a server"
                            : "A pod cannot stand by where database_pooler is transaction: nobody "
                              "can hold a lock there; nodes = \"many\" shares the database");
  }
  if (auto nodes = check_nodes(config); !nodes) return nodes;
  if (url.empty() || url.starts_with("postgres://") || url.starts_with("postgresql://")) return {};
  return fail(Code::kBadRequest,
              "database must be the URL of a database of a PostgreSQL server, as "
              "postgres://user@host/name");
}

// What the pod needs to keep content in a bucket.
Result<> check_content(ContentOptions& content) {
  auto& s3 = content.s3;
  // One that is not used may be one that content is to be moved to.
  if (!content.is_in_s3 && s3.endpoint.empty()) return {};
  if (auto read = read_key("s3_access_key", content.access_key_file, s3.access_key); !read) {
    return read;
  }
  if (auto read = read_key("s3_secret_key", content.secret_key_file, s3.secret_key); !read) {
    return read;
  }
  if (!content.is_in_s3) return {};
  if (auto made = content::S3Address::make(s3); !made) return fail(made.error());
  return {};
}

// What the pod needs to be an app of an Inngest server.
Result<> check_bus(const PodOptions& pod) {
  const auto& bus = pod.inngest_bus;
  if (bus.url.empty()) {
    if (!bus.is_on) return {};
    return fail(Code::kBadRequest,
                "bus = \"inngest\" needs inngest_url, the address of the Inngest server, as "
                "http://127.0.0.1:8288");
  }
  if (!bus.signing_key.empty() || pod.inngest.is_dev) return {};
  return fail(Code::kBadRequest,
              "With an Inngest server the pod needs inngest_signing_key, by which it knows the "
              "server's calls; or dev, where the server is on this machine and has no keys");
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

std::string_view origin_name(Origin origin) {
  switch (origin) {
    case Origin::kDefault:
      return "default";
    case Origin::kFile:
      return "file";
    case Origin::kEnvironment:
      return "environment";
    case Origin::kFlag:
      return "flag";
  }
  return "default";
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
    if (!apply_text(*setting, config, text)) {
      return fail(not_as_expected(*setting, flag_of(name), text));
    }
    config.origins[name] = Origin::kFlag;
  }
  if (!is_loopback(config.pod.host) && !config.is_insecure) {
    return fail(Code::kBadRequest,
                fmt::format("{} can be reached by others, and a pod speaks no TLS yet: listen on "
                            "127.0.0.1 and put a proxy with TLS in front, or say --insecure "
                            "(insecure = true) if the network is one you trust",
                            address_text(config.pod.host, config.pod.port)));
  }
  const auto& pod = config.pod;
  if (pod.inngest.is_dev && !is_loopback(pod.host)) {
    return fail(Code::kBadRequest,
                fmt::format("dev asks for no keys, and {} can be reached by others: listen on "
                            "127.0.0.1",
                            address_text(pod.host, pod.port)));
  }
  if (auto checked = check_bus(pod); !checked) return fail(checked.error());
  if (auto checked = check_chains(pod); !checked) return fail(checked.error());
  if (auto checked = check_database(config); !checked) return fail(checked.error());
  if (auto checked = check_content(config.pod.content); !checked) return fail(checked.error());
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
  config.pod.settings = settings_in_force(config);
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

std::string own_address(const std::string& host) {
  return host == "0.0.0.0" || host == "::" ? "127.0.0.1" : host;
}

}  // namespace synap::pod
