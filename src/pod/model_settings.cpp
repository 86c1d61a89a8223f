#include "pod/model_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/duration.h"
#include "outbound/url.h"

namespace synap::pod {
namespace {

using models::Provider;

constexpr std::size_t kProvidersMax = 16;
constexpr std::size_t kKeyBytesMax = 4'096;
constexpr std::int64_t kTokensMax = 10'000'000;
constexpr std::int64_t kContextLeast = 2'048;  // an agent's instructions and a message
constexpr std::int64_t kNumberMax = 1'000'000'000'000'000;
constexpr std::int64_t kTimeoutMsMax = 3'600'000;

bool is_plain(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

// One table, read key by key; the first thing that is wrong is kept.
class Reader {
 public:
  Reader(const toml::table& table, std::string name, const std::string& path,
         const ReadFile& read_file)
      : table_(table), name_(std::move(name)), path_(path), read_file_(read_file) {}

  const std::optional<Error>& error() const { return error_; }

  void text(std::string_view key, std::string_view expected,
            const std::function<bool(const std::string&)>& set) {
    take(key, expected, [&](const toml::node& node) {
      const auto text = node.value_exact<std::string>();
      return text && !text->contains('\0') && set(*text);
    });
  }
  void number(std::string_view key, std::int64_t least, std::int64_t most,
              const std::function<void(std::int64_t)>& set) {
    take(key, fmt::format("a whole number from {} to {}", least, most),
         [&](const toml::node& node) {
           const auto number = node.value_exact<std::int64_t>();
           if (!number || *number < least || *number > most) return false;
           set(*number);
           return true;
         });
  }
  void amount(std::string_view key, const std::function<void(double)>& set) {
    take(key, "a number, 0 or more", [&](const toml::node& node) {
      const auto amount = node.value<double>();
      const bool is_fit =
          node.is_number() && amount && std::isfinite(*amount) && *amount >= 0 && *amount <= 1e9;
      if (is_fit) set(*amount);
      return is_fit;
    });
  }
  void duration(std::string_view key, std::int64_t least_ms,
                const std::function<void(std::chrono::milliseconds)>& set) {
    text(key, fmt::format("a duration from {}ms to 1h, as 90s or 5m", least_ms),
         [&](const std::string& text) {
           const auto ns = parse_long_duration_ns(text);
           const auto ms = ns ? *ns / 1'000'000 : 0;
           if (!ns || ms < least_ms || ms > kTimeoutMsMax) return false;
           set(std::chrono::milliseconds(ms));
           return true;
         });
  }
  void table(std::string_view key, const std::function<void(Reader&)>& read) {
    take(key, "a table", [&](const toml::node& node) {
      const auto* inner = node.as_table();
      if (inner == nullptr) return false;
      Reader reader(*inner, fmt::format("{}.{}", name_, key), path_, read_file_);
      read(reader);
      reader.finish();
      if (reader.error_) error_ = reader.error_;
      return true;
    });
  }
  // A key stands in a file or in the environment, never among the settings, which are shown and
  // copied.
  void secret(std::string& key) {
    std::string file;
    std::string variable;
    text("key_file", "the path of a file", [&](const std::string& text) {
      file = text;
      return !text.empty();
    });
    text("key_variable", "the name of a variable of the environment", [&](const std::string& text) {
      variable = text;
      return is_plain(text, 200);
    });
    if (table_.contains("key")) {
      return wrong(table_,
                   "key: a key does not stand in the settings; key_file says which file "
                   "has it, or key_variable which variable of the environment");
    }
    if (!file.empty() && !variable.empty()) {
      return wrong(table_, "key_file and key_variable are both there; one says where the key is");
    }
    if (!file.empty()) {
      auto read = read_file_(file);
      if (!read) return wrong(table_, fmt::format("key_file: {} cannot be read", file));
      key = std::move(*read);
    } else if (!variable.empty()) {
      const char* value = std::getenv(variable.c_str());
      if (value == nullptr) {
        return wrong(table_, fmt::format("key_variable: {} is not set", variable));
      }
      key = value;
    } else {
      return;
    }
    while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
    if (!is_plain(key, kKeyBytesMax)) {
      key.clear();
      wrong(table_, "the key is empty, or has characters that no header may have");
    }
  }
  void need(std::string_view key) {
    if (!table_.contains(key)) wrong(table_, fmt::format("{} is missing", key));
  }
  void wrong(const toml::node& node, std::string_view what) {
    if (error_) return;
    error_ = Error{Code::kBadRequest, fmt::format("{}, line {}: {}: {}", path_,
                                                  node.source().begin.line, name_, what)};
  }
  // Whatever nobody has asked for means nothing.
  void finish() {
    for (const auto& [key, node] : table_) {
      if (std::ranges::find(known_, key.str()) != known_.end()) continue;
      wrong(node,
            fmt::format("there is no \"{}\"; there are {}", key.str(), fmt::join(known_, ", ")));
    }
  }

 private:
  void take(std::string_view key, std::string_view expected,
            const std::function<bool(const toml::node&)>& read) {
    known_.emplace_back(key);
    const auto* node = table_.get(key);
    if (node == nullptr || error_ || read(*node)) return;
    wrong(*node, fmt::format("{} must be {}", key, expected));
  }

  const toml::table& table_;
  const std::string name_;
  const std::string& path_;
  const ReadFile& read_file_;
  std::vector<std::string> known_;
  std::optional<Error> error_;
};

void read_common(Reader& reader, Provider& provider) {
  reader.text("name", "1 to 60 characters without blanks", [&](const std::string& text) {
    provider.name = text;
    return is_plain(text, 60);
  });
  reader.need("url");
  reader.text("url",
              "a URL of http or https without a name, a password and a query, as "
              "http://127.0.0.1:11434/v1",
              [&](const std::string& text) {
                const auto url = outbound::parse_url(text);
                if (!url || url->has_user || text.contains('?') || text.contains('#')) return false;
                provider.url = text;
                while (provider.url.ends_with('/')) provider.url.pop_back();
                if (provider.name.empty()) provider.name = url->host;
                return true;
              });
  reader.need("model");
  reader.text("model", "1 to 200 characters", [&](const std::string& text) {
    provider.model = text;
    return !text.empty() && text.size() <= 200;
  });
  reader.secret(provider.key);
  reader.duration("timeout", 100, [&](auto time) { provider.timeout = time; });
  reader.duration("silence", 1'000, [&](auto time) {
    provider.silence = std::chrono::duration_cast<std::chrono::seconds>(time);
  });
  reader.number("retries", 0, 10, [&](auto n) { provider.retries = static_cast<int>(n); });
  reader.table("price", [&](Reader& price) {
    price.amount("input", [&](double amount) { provider.price.input = amount; });
    price.amount("output", [&](double amount) { provider.price.output = amount; });
    price.amount("cached", [&](double amount) { provider.price.cached = amount; });
    price.amount("cache_written", [&](double amount) { provider.price.cache_written = amount; });
  });
}

void read_chat(Reader& reader, Provider& provider) {
  read_common(reader, provider);
  reader.text("wire", "chat-completions, responses or messages", [&](const std::string& text) {
    const auto wire = models::wire_by_name(text);
    if (wire) provider.wire = *wire;
    return wire.has_value();
  });
  reader.number("tokens_max", 1, kTokensMax, [&](auto n) { provider.tokens_max = n; });
  reader.number("context_tokens", kContextLeast, kTokensMax,
                [&](auto n) { provider.context_tokens = n; });
  reader.text("tokens_field", "max_tokens or max_completion_tokens", [&](const std::string& text) {
    provider.tokens_field = text;
    return text == "max_tokens" || text == "max_completion_tokens";
  });
}

void read_embed(Reader& reader, Provider& provider) {
  read_common(reader, provider);
  reader.need("dimension");
  reader.number("dimension", 1, 16'384,
                [&](auto n) { provider.dimension = static_cast<std::size_t>(n); });
  reader.number("tokens_max", 1, kTokensMax,
                [&](auto n) { provider.input_tokens_max = static_cast<std::size_t>(n); });
  reader.number("batch", 1, 256, [&](auto n) { provider.batch = static_cast<std::size_t>(n); });
}

Result<std::vector<Provider>> providers_of(const toml::node& node, const std::string& name,
                                           const std::string& path, const ReadFile& read_file,
                                           void (*read)(Reader&, Provider&)) {
  const auto say = [&](const toml::node& at, std::string_view what) {
    return fail(Code::kBadRequest,
                fmt::format("{}, line {}: {} {}", path, at.source().begin.line, name, what));
  };
  std::vector<const toml::table*> tables;
  if (const auto* one = node.as_table()) tables.push_back(one);
  if (const auto* array = node.as_array()) {
    for (const auto& item : *array) tables.push_back(item.as_table());
  }
  if (tables.empty() || std::ranges::count(tables, nullptr) > 0 || tables.size() > kProvidersMax) {
    return say(node, fmt::format("must be 1 to {} tables: [[{}]]", kProvidersMax, name));
  }
  std::vector<Provider> all;
  for (const auto* table : tables) {
    Provider provider;
    Reader reader(*table, name, path, read_file);
    read(reader, provider);
    reader.finish();
    if (reader.error()) return fail(*reader.error());
    if (std::ranges::find(all, provider.name, &Provider::name) != all.end()) {
      return say(*table, fmt::format("has two of the name {}: give them names of their own",
                                     provider.name));
    }
    all.push_back(std::move(provider));
  }
  return all;
}

std::string budget_text(const models::Budget& budget) {
  std::vector<std::string> parts;
  if (budget.tokens) parts.push_back(fmt::format("{} tokens", *budget.tokens));
  if (budget.cost) parts.push_back(fmt::format("{} (money)", *budget.cost));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

Result<models::Options> model_options_of(const toml::node& node, const std::string& path,
                                         const ReadFile& read_file) {
  models::Options options;
  const auto* table = node.as_table();
  if (table == nullptr) {
    return fail(Code::kBadRequest,
                fmt::format("{}, line {}: models must be a table, as [[models.chat]]", path,
                            node.source().begin.line));
  }
  for (const auto& [key, inner] : *table) {
    const auto name = fmt::format("models.{}", key.str());
    if (key.str() == "chat" || key.str() == "embed") {
      const bool is_chat = key.str() == "chat";
      auto all = providers_of(inner, name, path, read_file, is_chat ? read_chat : read_embed);
      if (!all) return fail(all.error());
      (is_chat ? options.chat : options.embed) = std::move(*all);
    } else if (key.str() == "budget" && inner.is_table()) {
      Reader reader(*inner.as_table(), name, path, read_file);
      for (auto [whose, budget] :
           {std::pair{"user", &options.of_user}, std::pair{"key", &options.of_key}}) {
        reader.number(fmt::format("{}_tokens", whose), 0, kNumberMax,
                      [&](auto n) { budget->tokens = n; });
        reader.amount(fmt::format("{}_cost", whose), [&](double n) { budget->cost = n; });
      }
      reader.finish();
      if (reader.error()) return fail(*reader.error());
    } else {
      return fail(Code::kBadRequest,
                  fmt::format("{}, line {}: there is no table \"{}\"; there are [[models.chat]], "
                              "[[models.embed]] and [models.budget]",
                              path, inner.source().begin.line, name));
    }
  }
  return options;
}

std::vector<SettingInForce> models_in_force(const models::Options& options) {
  std::vector<SettingInForce> all;
  const auto add = [&all](std::string name, std::string value, std::string docs) {
    const auto* from = value.empty() ? "default" : "file";
    all.push_back({.name = std::move(name),
                   .value = std::move(value),
                   .from = from,
                   .description = std::move(docs)});
  };
  const auto add_providers = [&](std::string_view capability, const std::vector<Provider>& list,
                                 const std::string& docs) {
    std::vector<std::string> texts;
    for (const auto& one : list) {
      texts.push_back(fmt::format("{}: {} at {} ({})", one.name, one.model, one.url,
                                  one.key.empty() ? "no key" : "a key is set"));
    }
    add(fmt::format("models.{}", capability), fmt::format("{}", fmt::join(texts, ", ")), docs);
  };
  add_providers("chat", options.chat,
                "Language models that are asked, in this order: tables [[models.chat]] of the "
                "file.");
  add_providers("embed", options.embed,
                "Models that make vectors of texts: tables [[models.embed]] of the file.");
  add("models.budget.user", budget_text(options.of_user),
      "What the calls of models of one user may take a day.");
  add("models.budget.key", budget_text(options.of_key),
      "What the calls of models by one key may take a day.");
  return all;
}

}  // namespace synap::pod
