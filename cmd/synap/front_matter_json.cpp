// JSON of front matter: what it is says parse_json; how it is spelled, and what comes twice, is
// found beside that.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/json_scan.h"
#include "synap/front_matter.h"

namespace synap::cli {
namespace {

// What an export says of a note has its properties two objects further in.
constexpr int kJsonDepthMax = kBlockDepthMax + 3;

// Goes through a text that is JSON and not too deep.
class Reader {
 public:
  Reader(std::string_view text, int first_line) : rest_(text), line_(first_line) {}

  Properties read() {
    found_.values = value("");
    return std::move(found_);
  }

 private:
  void skip_space() {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_.front()) != rest_.npos) {
      if (rest_.front() == '\n') ++line_;
      rest_.remove_prefix(1);
    }
  }
  char next() {
    skip_space();
    return rest_.empty() ? '\0' : rest_.front();
  }
  void take(std::size_t size = 1) { rest_.remove_prefix(std::min(size, rest_.size())); }
  // Of a list or an object: true if another one comes.
  bool has_more(char end) {
    if (next() == ',') take();
    if (next() != end && !rest_.empty()) return true;
    take();
    return false;
  }

  Json value(const std::string& pointer) {
    switch (next()) {
      case '{':
        return object(pointer);
      case '[':
        return array(pointer);
      case '"':
        return text();
      default:
        return number_or_word(pointer);
    }
  }

  Json object(const std::string& pointer) {
    take();
    Json members = Json::object();
    std::unordered_map<std::string, std::size_t> places;
    while (has_more('}')) {
      const auto name_line = line_;
      const auto name = text().as_string();
      next();
      take();  // the colon
      const auto at = pointer + pointer_step(name);
      const auto [place, is_new] = places.emplace(name, members.as_object().size());
      if (!is_new) found_.forget_spellings(at);
      auto read = value(at);
      if (is_new) {
        members.as_object().emplace_back(name, std::move(read));
        continue;
      }
      auto& before = members.as_object()[place->second].second;
      remark(name_line, twice_remark(name, before));
      before = std::move(read);
    }
    return members;
  }

  Json array(const std::string& pointer) {
    take();
    Json items = Json::array();
    while (has_more(']')) {
      items.push_back(value(fmt::format("{}/{}", pointer, items.as_array().size())));
    }
    return items;
  }

  Json text() {
    next();
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    auto read = parse_json(rest_.substr(0, end + 1));
    take(end + 1);
    return read && read->is_string() ? std::move(*read) : Json("");
  }

  Json number_or_word(const std::string& pointer) {
    const auto word = rest_.substr(0, rest_.find_first_of(",]} \t\r\n"));
    take(std::max<std::size_t>(word.size(), 1));
    auto read = parse_json(word);
    if (!read || word == "null") return {};
    // Of a number over the range of a double parse_json makes null, and of one under it 0.
    if (read->is_null() || (read->is_number() && read->as_number() == 0 && is_not_zero(word))) {
      remark(line_, no_number_remark(word));
      return word;
    }
    if (read->is_number() && read->dump() != word) found_.spellings[pointer] = word;
    return std::move(*read);
  }
  static bool is_not_zero(std::string_view number) {
    return number.substr(0, number.find_first_of("eE")).find_first_of("123456789") != number.npos;
  }

  void remark(int line, std::string_view what) { add_remark(found_, line, what); }

  std::string_view rest_;
  int line_;
  Properties found_;
};

}  // namespace

Result<Properties> read_json_properties(std::string_view block, int first_line) {
  auto json = parse_json(trimmed(block), {.depth_max = kJsonDepthMax});
  if (!json) {
    const auto object = trimmed(block);
    const auto fault = find_json_fault(object);
    if (!fault) return fail(Code::kUnprocessableContent, json.error().message);
    const auto at = static_cast<std::size_t>(object.data() - block.data()) + fault->at;
    return fail(Code::kUnprocessableContent,
                fmt::format("{}: {}", place_in(block, at, first_line), fault->what));
  }
  if (!json->is_object()) return fail(Code::kUnprocessableContent, "it is no JSON object");
  return Reader(block, first_line).read();
}

}  // namespace synap::cli
