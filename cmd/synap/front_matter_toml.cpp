// TOML of front matter. Dates and times, which JSON has not, become the text that the source has
// for them.
#include <fmt/format.h>

#include <toml++/toml.h>
#include <cmath>

#include "synap/front_matter.h"

namespace synap::cli {
namespace {

struct Refusal {
  std::string why;
};

class Converter {
 public:
  explicit Converter(std::string_view block) {
    while (!block.empty()) {
      const auto whole = block;
      take_line(block);
      lines_.push_back(whole);
    }
  }

  Properties convert(const toml::table& table) {
    found_.values = object_of(table, "", 1);
    return std::move(found_);
  }

 private:
  Json object_of(const toml::table& table, const std::string& pointer, int depth) {
    check(depth);
    Json object = Json::object();
    for (const auto& [key, node] : table) {
      const auto name = std::string(key.str());
      object.as_object().emplace_back(name,
                                      value_of(node, pointer + pointer_step(name), depth + 1));
    }
    return object;
  }
  Json array_of(const toml::array& list, const std::string& pointer, int depth) {
    check(depth);
    Json array = Json::array();
    for (std::size_t i = 0; i < list.size(); ++i) {
      array.push_back(value_of(list[i], fmt::format("{}/{}", pointer, i), depth + 1));
    }
    return array;
  }

  void check(int depth) const {
    if (depth > kBlockDepthMax) {
      throw Refusal{fmt::format("there are more than {} values inside each other", kBlockDepthMax)};
    }
  }

  Json value_of(const toml::node& node, const std::string& pointer, int depth) {
    if (++values_ > kBlockValuesMax) {
      throw Refusal{fmt::format("it has more than {} values", kBlockValuesMax)};
    }
    if (const auto* table = node.as_table()) return object_of(*table, pointer, depth);
    if (const auto* list = node.as_array()) return array_of(*list, pointer, depth);
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* boolean = node.as_boolean()) return boolean->get();
    const auto spelling = std::string(trimmed(source_of(node.source())));
    if (const auto* integer = node.as_integer())
      return number(whole_number(integer->get()), spelling, pointer);
    if (const auto* real = node.as_floating_point()) {
      // The library makes 0 of what is too small.
      const auto significant = spelling.substr(0, spelling.find_first_of("eE"));
      const bool is_lost =
          real->get() == 0 && significant.find_first_of("123456789") != significant.npos;
      if (std::isfinite(real->get()) && !is_lost) return number(real->get(), spelling, pointer);
      found_.remarks.push_back(no_number_remark(spelling));
    }
    return spelling;
  }

  Json number(Json value, const std::string& spelling, const std::string& pointer) {
    if (value.dump() != spelling) found_.spellings[pointer] = spelling;
    return value;
  }

  // The library counts columns in characters, from 1; a value without children is on one line.
  std::string_view source_of(const toml::source_region& region) const {
    if (region.begin.line == 0 || region.begin.line > lines_.size()) return {};
    auto line = lines_[region.begin.line - 1];
    line = take_line(line);
    const auto from = offset_of(line, region.begin.column);
    const auto to = offset_of(line, region.end.column);
    return line.substr(from, to > from ? to - from : 0);
  }
  static std::size_t offset_of(std::string_view line, std::size_t column) {
    std::size_t at = 0;
    for (std::size_t count = 1; at < line.size(); ++at) {
      const bool begins = (static_cast<unsigned char>(line[at]) & 0xc0) != 0x80;
      if (begins && count++ == column) return at;
    }
    return at;
  }

  std::vector<std::string_view> lines_;  // each with all that follows
  Properties found_;
  std::size_t values_ = 0;
};

// The library makes a table for each dot of a name, and takes them down one inside the other: a
// name of 100,000 dots would be the end of the stack. It bounds brackets itself.
bool is_too_nested(std::string_view block) {
  constexpr std::size_t kUsualMax = 10;       // dots of a line outside of quotes
  constexpr std::size_t kUnusualMax = 2'000;  // of all lines that have more
  std::size_t unusual = 0;
  while (!block.empty()) {
    std::size_t dots = 0;
    char quote = 0;
    for (const char c : take_line(block)) {
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '.') {
        ++dots;
      }
    }
    if (dots > kUsualMax) unusual += dots;
  }
  return unusual > kUnusualMax;
}

}  // namespace

Result<Properties> read_toml_properties(std::string_view block) {
  if (is_too_nested(block)) {
    return fail(Code::kUnprocessableContent, "its names have too many dots");
  }
  try {
    const toml::table table = toml::parse(block);
    auto found = Converter(block).convert(table);
    if (const auto comments = count_comments(block, found.values); comments > 0) {
      found.remarks.push_back(
          fmt::format("comments of the front matter are left out: {}", comments));
    }
    return found;
  } catch (const Refusal& refusal) {
    return fail(Code::kUnprocessableContent, refusal.why);
  } catch (const toml::parse_error& error) {
    return fail(Code::kUnprocessableContent,
                fmt::format("line {}, column {}: {}", error.source().begin.line + 1,
                            error.source().begin.column, error.description()));
  } catch (const std::exception& error) {
    return fail(Code::kUnprocessableContent, error.what());
  }
}

}  // namespace synap::cli
