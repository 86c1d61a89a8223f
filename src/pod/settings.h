// The table of settings: how each is read, and shown again. Private to config.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pod/config.h"

namespace synap::pod {

/// A value from any of the sources. Variables and flags are text, which each kind of setting reads
/// in its own way; a file has types of its own.
using SettingValue =
    std::variant<std::string, std::int64_t, bool, std::vector<std::string>, double>;

/// One row of the table.
struct Setting {
  SettingInfo info;
  std::string expected;  // "a whole number from 1 to 256"
  /// False: the value is not as expected.
  std::function<bool(Config&, const SettingValue&)> apply;
  /// What is in force, as one would write it; empty: nothing.
  std::function<std::string(const Config&)> show;
  /// Another variable that says it, where its own does not; empty: none.
  std::string_view other_variable = {};
};

const std::vector<Setting>& all_settings();
const Setting* find_setting(std::string_view name);

Setting switch_setting(std::string_view name, std::string_view docs,
                       std::function<bool&(Config&)> member);

/// Adds those of where the database and content are kept.
void add_place_settings(std::vector<Setting>& all);

/// Adds those of search by meaning.
void add_search_settings(std::vector<Setting>& all);

/// A whole number and nothing else.
std::optional<std::int64_t> whole_number(std::string_view text);
/// What an address is, for a sentence.
extern const std::string_view kListenExpected;

}  // namespace synap::pod
