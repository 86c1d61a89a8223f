// YAML of front matter: yaml-cpp says what is there, event by event; what a plain scalar means says
// the core schema of YAML 1.2 (its chapter 10.3.2), here and nowhere else.
#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "synap/front_matter.h"

namespace synap::cli {
namespace {

constexpr std::string_view kCore = "tag:yaml.org,2002:";
// What aliases may stand for in all, as JSON text.
constexpr std::size_t kExpandedBytesMax = kBlockBytesMax;

// Thrown through yaml-cpp, and caught where it was called.
struct Refusal {
  std::string why;
  std::optional<YAML::Mark> mark = {};  // in the block
};

bool is_all(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == text.npos;
}
constexpr std::string_view kDigits = "0123456789";

bool is_decimal_integer(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return is_all(text, kDigits);
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_float(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (const auto e = text.find_first_of("eE"); e != text.npos) {
    if (!is_decimal_integer(text.substr(e + 1))) return false;
    text = text.substr(0, e);
  }
  const auto dot = text.find('.');
  const auto whole = text.substr(0, dot);
  if (dot == text.npos) return is_all(whole, kDigits);
  const auto fraction = text.substr(dot + 1);
  if (whole.empty()) return is_all(fraction, kDigits);
  return is_all(whole, kDigits) && (fraction.empty() || is_all(fraction, kDigits));
}

// 0o17, 0xff
bool is_based_integer(std::string_view text) {
  if (text.starts_with("0x")) return is_all(text.substr(2), "0123456789abcdefABCDEF");
  return text.starts_with("0o") && is_all(text.substr(2), "01234567");
}

std::optional<Json> integer_of(std::string_view digits, int base) {
  if (digits.starts_with('+')) digits.remove_prefix(1);
  std::int64_t value = 0;
  const auto* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value, base);
  if (read.ec == std::errc() && read.ptr == end) return whole_number(value);
  return std::nullopt;  // over 64 bits
}

std::optional<Json> float_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end || !std::isfinite(value)) return std::nullopt;
  return Json(value);
}

// A plain scalar by the core schema; a number that JSON cannot hold stays its text.
Json resolved(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return {};
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  std::optional<Json> number;
  if (is_based_integer(text)) {
    number = integer_of(text.substr(2), text[1] == 'x' ? 16 : 8);
  } else if (is_decimal_integer(text)) {
    number = integer_of(text, 10);
    if (!number) number = float_of(text);
  } else if (is_float(text)) {
    number = float_of(text);
  }
  return number ? std::move(*number) : Json(text);
}

// yaml-cpp 0.7 makes one byte of the escapes \N and \_, U+0085 and U+00A0. The source was valid, so
// whatever is not is one of those.
std::string as_utf8(std::string_view text) {
  std::string valid;
  for (;;) {
    const auto prefix = valid_utf8_prefix(text);
    valid += text.substr(0, prefix);
    if (prefix == text.size()) return valid;
    valid += '\xC2';
    valid += text[prefix];
    text.remove_prefix(prefix + 1);
  }
}

// Of a text that resolved() made no number of.
bool is_number_beyond_json(std::string_view text) {
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return true;
  if (is_float(text)) return true;          // over the range of a double, or under it
  if (is_based_integer(text)) return true;  // over 64 bits
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text == ".inf" || text == ".Inf" || text == ".INF";
}

std::size_t count_values(const Json& value) {
  std::size_t count = 1;
  if (value.is_array()) {
    for (const auto& item : value.as_array()) count += count_values(item);
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.as_object()) count += count_values(member);
  }
  return count;
}

// Makes JSON of a document's events.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(std::string_view block) : block_(block) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw Refusal{"a second document begins", mark};
  }
  void OnDocumentEnd() override {}
  /// Where the value is that was read last; the beginning, where there is none.
  const YAML::Mark& last() const { return last_; }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check_null(mark);
    add(Json(), mark, anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Refusal{"an alias stands for what it is in", mark};
    const auto& meant = found->second;
    values_ += meant.values;
    expanded_bytes_ += meant.bytes;
    if (expanded_bytes_ > kExpandedBytesMax) {
      throw Refusal{fmt::format("its aliases stand for more than {} bytes", kExpandedBytesMax),
                    mark};
    }
    if (static_cast<int>(frames_.size()) + meant.depth > kBlockDepthMax) refuse_depth(mark);
    // A key takes no spellings; where it is a value, they stand at its place too.
    if (!is_at_key() && !is_in_key()) {
      for (const auto& [pointer, spelling] : meant.spellings) {
        found_.spellings[path() + pointer] = spelling;
      }
    }
    add(meant.value, mark, 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& unescaped) override {
    last_ = mark;
    const auto text = as_utf8(unescaped);
    const bool is_plain = tag.empty() || tag == "?";
    if (is_at_key()) return add(text, mark, anchor, is_plain && text == "<<");
    auto value = is_plain ? resolved(text) : typed(tag, text, mark);
    if (value.is_number() && value.dump() != text && !is_in_key()) found_.spellings[path()] = text;
    if (is_plain && value.is_string() && is_number_beyond_json(text)) {
      remark(mark, no_number_remark(text));
    }
    add(std::move(value), mark, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    last_ = mark;
    begin(Json::array(), tag, mark, anchor, style);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    last_ = mark;
    begin(Json::object(), tag, mark, anchor, style);
  }
  void OnMapEnd() override {
    merge();
    end();
  }

  Properties take() {
    if (!root_ || root_->is_null()) root_ = Json::object();  // nothing, or comments only
    if (!root_->is_object()) throw Refusal{"it has no names with values", YAML::Mark()};
    found_.values = std::move(*root_);
    return std::move(found_);
  }

 private:
  // A list or map whose end has not come yet.
  struct Frame {
    Json value;
    bool is_flow = false;
    bool is_key = false;  // of the map around it
    YAML::Mark mark;
    YAML::anchor_t anchor = 0;
    std::optional<std::string> key;  // whose value comes next
    bool is_merge = false;           // it is "<<"
    YAML::Mark key_mark = {};
    std::unordered_map<std::string, std::size_t> places = {};  // of the members, by name
    std::vector<std::pair<Json, std::string>> merged = {};     // and where they were: a pointer
    std::string pointer;
  };
  struct Anchored {
    Json value;
    std::size_t values = 0;
    std::size_t bytes = 0;
    int depth = 0;
    std::vector<std::pair<std::string, std::string>> spellings;  // by pointers from here on
  };

  [[noreturn]] static void refuse_depth(const YAML::Mark& mark) {
    throw Refusal{fmt::format("there are more than {} values inside each other", kBlockDepthMax),
                  mark};
  }

  bool is_at_key() const {
    return !frames_.empty() && frames_.back().value.is_object() && !frames_.back().key;
  }

  // Of the value that comes next.
  std::string path() const {
    if (frames_.empty()) return {};
    const auto& frame = frames_.back();
    if (frame.value.is_array()) {
      return fmt::format("{}/{}", frame.pointer, frame.value.as_array().size());
    }
    return frame.pointer + pointer_step(frame.key.value_or(""));
  }

  void remark(const YAML::Mark& mark, std::string_view what) {
    add_remark(found_, mark.line + 2, what);
  }

  // An explicit type: those of the core schema mean what they say where the text is one.
  Json typed(std::string_view tag, const std::string& text, const YAML::Mark& mark) {
    if (tag == "!" || tag == "tag:yaml.org,2002:str") return text;
    if (tag.starts_with(kCore)) {
      const auto type = tag.substr(kCore.size());
      auto value = resolved(text);
      if ((type == "int" || type == "float") && value.is_number()) return value;
      if (type == "bool" && value.is_bool()) return value;
      if (type == "null" && value.is_null()) return value;
    }
    remark(mark, fmt::format("the type {} is not known, or does not fit; the value is kept as text",
                             tag.starts_with(kCore) ? fmt::format("!!{}", tag.substr(kCore.size()))
                                                    : std::string(tag)));
    return text;
  }

  void begin(Json value, const std::string& tag, const YAML::Mark& mark, YAML::anchor_t anchor,
             YAML::EmitterStyle::value style) {
    if (static_cast<int>(frames_.size()) == kBlockDepthMax) refuse_depth(mark);
    if (!tag.empty() && tag != "?" && tag != "!" && tag != "tag:yaml.org,2002:map" &&
        tag != "tag:yaml.org,2002:seq") {
      remark(mark, fmt::format("the type {} is left out", tag));
    }
    count(mark);
    const bool is_key = is_at_key();
    auto pointer = is_key ? std::string() : path();
    frames_.push_back({.value = std::move(value),
                       .is_flow = style == YAML::EmitterStyle::Flow,
                       .is_key = is_key,
                       .mark = mark,
                       .anchor = anchor,
                       .pointer = std::move(pointer)});
  }

  void end() {
    auto frame = std::move(frames_.back());
    frames_.pop_back();
    --values_;  // add() counts it again
    add(std::move(frame.value), frame.mark, frame.anchor);
  }

  void count(const YAML::Mark& mark) {
    if (++values_ > kBlockValuesMax) {
      throw Refusal{fmt::format("it has more than {} values", kBlockValuesMax), mark};
    }
  }

  void add(Json value, const YAML::Mark& mark, YAML::anchor_t anchor, bool is_merge = false) {
    count(mark);
    if (anchor != 0) keep_anchor(anchor, value);
    if (frames_.empty()) {
      root_ = std::move(value);
    } else if (auto& frame = frames_.back(); frame.value.is_array()) {
      frame.value.push_back(std::move(value));
    } else if (!frame.key) {
      frame.key = key_of(value, mark);
      frame.is_merge = is_merge;
      frame.key_mark = mark;
      if (frame.places.contains(*frame.key)) found_.forget_spellings(path());
    } else {
      add_member(frame, std::move(value));
    }
  }

  // Names are texts in JSON: another is its JSON text.
  std::string key_of(const Json& value, const YAML::Mark& mark) {
    if (value.is_string()) return value.as_string();
    if (value.is_array() || value.is_object()) {
      remark(mark, "a name that is a list or a map is kept as its JSON text");
    }
    return value.dump();
  }

  void add_member(Frame& frame, Json value) {
    const auto key = *std::exchange(frame.key, std::nullopt);
    if (frame.is_merge && take_merge(frame, value)) return;
    auto& members = frame.value.as_object();
    const auto [place, is_new] = frame.places.emplace(key, members.size());
    if (is_new) return members.emplace_back(key, std::move(value)), void();
    // Of a name that comes twice the last value counts, as with most readers that allow it.
    remark(frame.key_mark, twice_remark(key, members[place->second].second));
    members[place->second].second = std::move(value);
  }

  // "<<": the members of a map, or of each in a list, where the map has none of the name itself.
  bool take_merge(Frame& frame, Json& value) {
    frame.is_merge = false;
    const auto at = frame.pointer + "/<<";
    if (value.is_object()) return frame.merged.emplace_back(std::move(value), at), true;
    if (!value.is_array()) return false;
    const auto& list = value.as_array();
    if (!std::ranges::all_of(list, &Json::is_object)) return false;
    for (std::size_t i = 0; i < list.size(); ++i) {
      frame.merged.emplace_back(list[i], fmt::format("{}/{}", at, i));
    }
    return true;
  }
  void merge() {
    auto& frame = frames_.back();
    for (auto& [map, pointer] : frame.merged) {
      for (auto& [name, value] : map.as_object()) {
        if (!frame.places.emplace(name, frame.value.as_object().size()).second) continue;
        frame.value.as_object().emplace_back(name, std::move(value));
        for (const auto& [rest, spelling] : found_.spellings_below(pointer + pointer_step(name))) {
          found_.spellings[frame.pointer + pointer_step(name) + rest] = spelling;
        }
      }
    }
    if (!frame.merged.empty()) found_.forget_spellings(frame.pointer + "/<<");
  }

  // Of a name that is a list or a map nothing but its JSON text is kept.
  bool is_in_key() const { return std::ranges::any_of(frames_, &Frame::is_key); }

  void keep_anchor(YAML::anchor_t anchor, const Json& value) {
    Anchored kept{.value = value,
                  .values = count_values(value),
                  .bytes = json_bytes(value),
                  .depth = depth_of(value),
                  .spellings = {}};
    anchored_bytes_ += kept.bytes;
    if (anchored_bytes_ > kExpandedBytesMax)
      throw Refusal{"its anchors hold too much", YAML::Mark()};
    if (!is_at_key()) kept.spellings = found_.spellings_below(path());
    anchors_[anchor] = std::move(kept);
  }
  static int depth_of(const Json& value) {
    int below = 0;
    if (value.is_array()) {
      for (const auto& item : value.as_array()) below = std::max(below, depth_of(item));
    } else if (value.is_object()) {
      for (const auto& [name, member] : value.as_object())
        below = std::max(below, depth_of(member));
    } else {
      return 0;
    }
    return below + 1;
  }

  // yaml-cpp takes two things that YAML has not: a line of prose among the members of a map, as a
  // name without a colon, and a list with nothing between two commas.
  void check_null(const YAML::Mark& mark) const {
    if (frames_.empty()) return;
    const auto& frame = frames_.back();
    const auto at = static_cast<std::size_t>(mark.pos);
    if (frame.value.is_array() && frame.is_flow && at < block_.size() && block_[at] == ',') {
      throw Refusal{"a list has nothing between two commas", mark};
    }
    if (!frame.value.is_object() || frame.is_flow || !frame.key) return;
    const auto from = static_cast<std::size_t>(frame.key_mark.pos);
    if (from >= block_.size()) return;
    const auto line_begin =
        block_.rfind('\n', from) == block_.npos ? 0 : block_.rfind('\n', from) + 1;
    if (trimmed(block_.substr(line_begin, from - line_begin)).ends_with('?')) return;
    auto rest = block_.substr(from);
    if (take_line(rest).find(':') == block_.npos) {
      throw Refusal{"it has no colon", frame.key_mark};
    }
  }

  std::string_view block_;
  Properties found_;
  std::optional<Json> root_;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  std::size_t values_ = 0;
  std::size_t expanded_bytes_ = 0;
  std::size_t anchored_bytes_ = 0;
  int documents_ = 0;
  YAML::Mark last_;
};

// How yaml-cpp's message for a surrogate begins.
constexpr std::string_view kInvalidUnicode = "invalid unicode";

// yaml-cpp counts columns in bytes.
std::size_t offset_of(std::string_view block, const YAML::Mark& mark) {
  auto rest = block;
  for (int line = 0; line < mark.line && !rest.empty(); ++line) take_line(rest);
  const auto begin = block.size() - rest.size();
  return std::min(begin + static_cast<std::size_t>(mark.column), block.size());
}

// Where the quote is that nothing closes: the first that could begin a value behind the last one
// that was read. The library notices it where the block ends.
std::size_t open_quote_behind(std::string_view block, std::size_t read) {
  auto at = read;
  if (at < block.size() && (block[at] == '"' || block[at] == '\'')) {
    const char quote = block[at++];
    for (; at < block.size() && block[at] != quote; ++at) {
      if (quote == '"' && block[at] == '\\') ++at;
    }
    ++at;
  }
  for (; at < block.size(); ++at) {
    if (block[at] != '"' && block[at] != '\'') continue;
    if (at == 0 || std::string_view(" \t\r\n[{,").find(block[at - 1]) != block.npos) return at;
  }
  return std::min(read, block.size());
}

Result<Properties> read_once(std::string_view block) {
  const auto refused = [&](std::string_view why, std::size_t at) {
    return fail(Code::kUnprocessableContent, fmt::format("{}: {}", place_in(block, at), why));
  };
  Builder builder(block);
  try {
    // At the end of its input the library takes a quote that nothing closes; at the end of a
    // document it does not.
    std::istringstream in{std::string(block) + "\n...\n"};
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take();
  } catch (const Refusal& refusal) {
    if (!refusal.mark) return fail(Code::kUnprocessableContent, refusal.why);
    return refused(refusal.why, offset_of(block, *refusal.mark));
  } catch (const YAML::Exception& error) {
    if (error.msg == YAML::ErrorMsg::DOC_IN_SCALAR) {
      return refused("a quote is not closed",
                     open_quote_behind(block, offset_of(block, builder.last())));
    }
    if (error.mark.is_null()) return fail(Code::kUnprocessableContent, error.msg);
    const auto at = offset_of(block, error.mark);
    // Of an escape the library says where it has ended.
    const bool is_escape = error.msg.starts_with(YAML::ErrorMsg::INVALID_ESCAPE) ||
                           error.msg.starts_with(kInvalidUnicode);
    const auto begin = is_escape ? block.rfind('\\', at) : block.npos;
    return refused(error.msg, begin != block.npos ? begin : at);
  } catch (const std::exception& error) {
    return fail(Code::kUnprocessableContent, error.what());
  }
}

// YAML has no control characters, and to yaml-cpp some of them are the end of its input: what
// follows would be lost.
Result<> check_characters(std::string_view block) {
  const auto is_control = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7f;
  };
  const auto found = std::ranges::find_if(block, is_control);
  if (found == block.end()) return {};
  const auto at = static_cast<std::size_t>(found - block.begin());
  return fail(Code::kUnprocessableContent,
              fmt::format("{}: a control character", place_in(block, at)));
}

bool is_hex(std::string_view text) {
  return is_all(text, "0123456789abcdefABCDEF");
}

// JSON writes a character beyond the first 65,536 as two escapes, and so do many who write YAML,
// which has one for it.
std::string with_joined_surrogates(std::string_view block) {
  constexpr std::size_t kEscape = 6;  // \ud83c
  std::string joined;
  joined.reserve(block.size());
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (block[i] == '\\' && i + 1 < block.size() && block[i + 1] != 'u') {
      joined += block.substr(i++, 2);
      continue;
    }
    const auto pair = block.substr(i, 2 * kEscape);
    if (pair.size() == 2 * kEscape && pair.starts_with("\\u") && pair.substr(kEscape, 2) == "\\u" &&
        is_hex(pair.substr(2, 4)) && is_hex(pair.substr(kEscape + 2, 4))) {
      const auto high = std::stoul(std::string(pair.substr(2, 4)), nullptr, 16);
      const auto low = std::stoul(std::string(pair.substr(kEscape + 2, 4)), nullptr, 16);
      if (high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
        joined += fmt::format("\\U{:08X}", 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
        i += 2 * kEscape - 1;
        continue;
      }
    }
    joined += block[i];
  }
  return joined;
}

// `title: Core (Split: two)` is no YAML, for the second colon, and what people write: the value of
// such a line is taken to be its text. Lines count from 0.
std::string with_quoted_colons(std::string_view block, std::vector<int>& lines) {
  std::string quoted;
  quoted.reserve(block.size());
  for (int number = 0; !block.empty(); ++number) {
    const auto whole = block;
    const auto line = take_line(block);
    const auto end = whole.substr(line.size(), whole.size() - block.size() - line.size());
    const auto colon = line.find(": ");
    const auto value = colon == line.npos ? std::string_view() : trimmed(line.substr(colon + 1));
    const bool is_plain_key =
        !line.empty() &&
        std::string_view(" \t#'\"[]{}>|*&!%@`,?-").find(line.front()) == std::string_view::npos;
    const bool is_plain =
        !value.empty() &&
        std::string_view("#'\"[]{}>|*&!%@`,").find(value.front()) == std::string_view::npos;
    if (is_plain_key && is_plain && value.find(" #") == value.npos &&
        (value.find(": ") != value.npos || value.ends_with(':'))) {
      quoted += line.substr(0, colon + 2);
      quoted += '\'';
      for (const char c : value) quoted += c == '\'' ? std::string("''") : std::string(1, c);
      quoted += '\'';
      lines.push_back(number);
    } else {
      quoted += line;
    }
    quoted += end;
  }
  return quoted;
}

// What stands before the document says how it is to be read ("%YAML 1.1", "%TAG"), and is no value.
void tell_directives(std::string_view block, Properties& properties) {
  for (int number = 2; !block.empty(); ++number) {
    const auto line = take_line(block);
    if (line.starts_with('%')) {
      constexpr std::size_t kShownMax = 100;
      auto shown = trimmed(line).substr(0, kShownMax);
      shown = shown.substr(0, valid_utf8_prefix(shown));
      add_remark(properties, number, fmt::format("the directive {} is left out", shown));
    } else if (const auto text = trimmed(line); !text.empty() && text.front() != '#') {
      return;
    }
  }
}

}  // namespace

Result<Properties> read_yaml_properties(std::string_view block) {
  if (auto checked = check_characters(block); !checked) return fail(checked.error());
  auto found = read_once(block);
  std::string joined;
  if (!found && found.error().message.find(kInvalidUnicode) != std::string::npos) {
    joined = with_joined_surrogates(block);
    block = joined;
    found = read_once(block);
  }
  std::string quoted;
  if (!found) {
    std::vector<int> lines;
    quoted = with_quoted_colons(block, lines);
    auto again = lines.empty() ? Result<Properties>(fail(found.error())) : read_once(quoted);
    if (again) {
      found = std::move(again);
      for (const auto line : lines) {
        found->remarks.push_back(fmt::format(
            "line {}: a colon in a value without quotes; it is read as text", line + 2));
      }
    }
  }
  if (!found) return found;
  tell_directives(block, *found);
  if (const auto comments = count_comments(block, found->values); comments > 0) {
    found->remarks.push_back(
        fmt::format("comments of the front matter are left out: {}", comments));
  }
  return found;
}

}  // namespace synap::cli
