// The settings of search by meaning.
#include <fmt/format.h>

#include "pod/settings.h"

namespace synap::pod {
namespace {

Setting number_of(std::string_view name, std::string_view docs, std::int64_t least,
                  std::int64_t most, std::function<void(Config&, std::int64_t)> set,
                  std::function<std::int64_t(const Config&)> get) {
  return {{name, docs},
          fmt::format("a whole number from {} to {}", least, most),
          [=](Config& config, const SettingValue& value) {
            const auto* number = std::get_if<std::int64_t>(&value);
            if (number == nullptr || *number < least || *number > most) return false;
            set(config, *number);
            return true;
          },
          [get](const Config& config) { return std::to_string(get(config)); }};
}

}  // namespace

void add_search_settings(std::vector<Setting>& all) {
  all.push_back({{"search_model",
                  "The sentence model that search uses, by its id (synap model list); without one, "
                  "that which was added last."},
                 "the id of a model",
                 [](Config& config, const SettingValue& value) {
                   const auto* text = std::get_if<std::string>(&value);
                   if (text != nullptr) config.pod.search.model = *text;
                   return text != nullptr;
                 },
                 [](const Config& config) { return config.pod.search.model; }});
  constexpr std::int64_t kMemoryMibMax = 1 << 20;
  all.push_back(number_of(
      "search_memory_mib",
      "MiB of memory for the vectors of those who search by meaning; who has more than that alone "
      "is answered by pgvector, where the database has it, or by words.",
      1, kMemoryMibMax, [](Config& c, std::int64_t n) { c.pod.search.memory_mib = n; },
      [](const Config& c) { return c.pod.search.memory_mib; }));
  constexpr std::int64_t kPatienceMsMax = 60'000;
  all.push_back(number_of(
      "search_patience_ms", "How long a query waits for its meaning before words alone answer.", 1,
      kPatienceMsMax,
      [](Config& c, std::int64_t n) { c.pod.search.patience = std::chrono::milliseconds(n); },
      [](const Config& c) { return c.pod.search.patience.count(); }));
}

}  // namespace synap::pod
