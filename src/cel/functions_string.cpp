// CEL's extension "strings": charAt, indexOf, replace, split and so on. Places in a text are those
// of characters.
#include <array>
#include <optional>

#include "cel/functions.h"
#include "cel/literal.h"
#include "cel/utf8.h"

namespace synap::cel {
namespace {

std::unexpected<Error> out_of_range(std::int64_t index) {
  return fail_evaluation(fmt::format("index out of range: {}", index));
}

// Whether the arguments are texts from the first to the one at `numbers`, and whole numbers after.
bool are_texts_and_numbers(const Call& call, std::size_t numbers) {
  for (std::size_t at = 0; at < call.size(); ++at) {
    if (!call[at].is(at < numbers ? Kind::kString : Kind::kInt)) return false;
  }
  return true;
}

// The characters of the target. Counted: some bytes are kept for each.
std::optional<std::vector<std::size_t>> starts_of(const Call& call) {
  const auto text = call[0].as_string();
  if (!call.budget().make(static_cast<std::int64_t>(text.size()))) return std::nullopt;
  return character_starts(text);
}

// Nothing where it is no place of the text, the one behind its end included.
std::optional<std::size_t> place_in(const std::vector<std::size_t>& starts, std::int64_t index) {
  if (index < 0 || static_cast<std::size_t>(index) >= starts.size()) return std::nullopt;
  return starts[static_cast<std::size_t>(index)];
}

Value character_index(std::string_view text, std::size_t byte) {
  if (byte == std::string_view::npos) return Value(std::int64_t{-1});
  return Value(static_cast<std::int64_t>(count_characters(text.substr(0, byte))));
}

Result<Value> char_at(const Call& call) {
  if (!are_texts_and_numbers(call, 1)) return no_overload(call);
  const auto starts = starts_of(call);
  if (!starts) return Value();
  const auto begin = place_in(*starts, call[1].as_int());
  if (!begin) return out_of_range(call[1].as_int());
  const auto end = place_in(*starts, call[1].as_int() + 1).value_or(*begin);
  return made_string(call.context, std::string(call[0].as_string().substr(*begin, end - *begin)));
}

// Searching takes the product of both lengths at worst.
bool spend_search(const Call& call) {
  const auto longer = static_cast<std::int64_t>(call[0].as_string().size());
  const auto shorter = static_cast<std::int64_t>(call[1].as_string().size());
  return call.budget().spend(longer / 16 * (1 + shorter / 64));
}

Result<Value> index_of(const Call& call) {
  if (!are_texts_and_numbers(call, 2)) return no_overload(call);
  const auto text = call[0].as_string();
  const auto starts = starts_of(call);
  if (!starts || !spend_search(call)) return Value();
  const auto index = call.size() == 3 ? call[2].as_int() : 0;
  const auto from = place_in(*starts, index);
  if (!from) return out_of_range(index);
  return character_index(text, text.find(call[1].as_string(), *from));
}

Result<Value> last_index_of(const Call& call) {
  if (!are_texts_and_numbers(call, 2)) return no_overload(call);
  const auto text = call[0].as_string();
  const auto starts = starts_of(call);
  if (!starts || !spend_search(call)) return Value();
  if (call.size() == 2) return character_index(text, text.rfind(call[1].as_string()));
  const auto from = place_in(*starts, call[2].as_int());
  if (!from) return out_of_range(call[2].as_int());
  return character_index(text, text.rfind(call[1].as_string(), *from));
}

// Letters of ASCII only: the cases of all others take tables that nothing else here needs.
template <char kFirst, char kLast, int kShift>
Result<Value> recased(const Call& call) {
  if (!call[0].is(Kind::kString)) return no_overload(call);
  std::string text(call[0].as_string());
  for (auto& letter : text) {
    if (letter >= kFirst && letter <= kLast) letter = static_cast<char>(letter + kShift);
  }
  return made_string(call.context, std::move(text));
}

// The next place of `part`, which may be empty: then that of each character.
std::size_t next_place(std::string_view text, std::string_view part, std::size_t from) {
  if (!part.empty()) return text.find(part, from);
  if (from >= text.size()) return std::string_view::npos;
  std::size_t next = from + 1;
  while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0) == 0x80) ++next;
  return next;
}

Result<Value> replace(const Call& call) {
  if (!are_texts_and_numbers(call, 3)) return no_overload(call);
  const auto text = call[0].as_string();
  const auto old = call[1].as_string();
  const auto replacement = call[2].as_string();
  auto left = call.size() == 4 ? call[3].as_int() : -1;
  if (!spend_search(call)) return Value();
  std::string out;
  std::size_t from = 0;
  // An empty part is found before the first character too.
  for (auto at = old.empty() ? 0 : text.find(old); at != std::string_view::npos && left != 0;
       at = next_place(text, old, from)) {
    const auto grown = at - from + replacement.size();
    if (!call.budget().make(static_cast<std::int64_t>(grown) + 1)) return Value();
    out.append(text.substr(from, at - from)).append(replacement);
    from = at + old.size();
    --left;
  }
  out.append(text.substr(from));
  return made_string(call.context, std::move(out));
}

Result<Value> split(const Call& call) {
  if (!are_texts_and_numbers(call, 2)) return no_overload(call);
  const auto text = call[0].as_string();
  const auto separator = call[1].as_string();
  auto left = call.size() == 3 ? call[2].as_int() : -1;
  std::vector<Value> parts;
  const auto push = [&](std::string_view part) {
    const auto bytes = static_cast<std::int64_t>(sizeof(Value) + part.size());
    if (!call.budget().make(bytes)) return false;
    parts.push_back(Value::string(std::string(part)));
    return true;
  };
  if (left == 0 || !spend_search(call)) return Value(List(std::move(parts)));
  std::size_t from = 0;
  while (left != 1) {
    const auto at = next_place(text, separator, from);
    const bool is_last = at == std::string_view::npos || (separator.empty() && at == text.size());
    if (is_last) break;
    if (!push(text.substr(from, at - from))) return Value();
    from = at + separator.size();
    --left;
  }
  if ((!text.empty() || !separator.empty()) && !push(text.substr(from))) return Value();
  return Value(List(std::move(parts)));
}

Result<Value> substring(const Call& call) {
  if (!are_texts_and_numbers(call, 1)) return no_overload(call);
  const auto text = call[0].as_string();
  const auto starts = starts_of(call);
  if (!starts) return Value();
  const auto begin = place_in(*starts, call[1].as_int());
  if (!begin) return out_of_range(call[1].as_int());
  const auto end = call.size() == 3 ? place_in(*starts, call[2].as_int()) : text.size();
  if (!end || *end < *begin) return out_of_range(call[2].as_int());
  return made_string(call.context, std::string(text.substr(*begin, *end - *begin)));
}

// Unicode's White_Space.
constexpr std::array<std::string_view, 25> kSpaces = {
    "\t",           "\n",           "\v",           "\f",           "\r",           " ",
    "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81", "\xE2\x80\x82",
    "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86", "\xE2\x80\x87", "\xE2\x80\x88",
    "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F",
    "\xE3\x80\x80"};

Result<Value> trim(const Call& call) {
  if (!call[0].is(Kind::kString)) return no_overload(call);
  auto text = call[0].as_string();
  if (!call.budget().spend(static_cast<std::int64_t>(text.size()))) return Value();
  for (bool goes_on = true; goes_on;) {
    goes_on = false;
    for (const auto space : kSpaces) {
      if (text.starts_with(space)) {
        text.remove_prefix(space.size());
        goes_on = true;
      } else if (text.ends_with(space)) {
        text.remove_suffix(space.size());
        goes_on = true;
      }
    }
  }
  return made_string(call.context, std::string(text));
}

Result<Value> join(const Call& call) {
  const bool has_separator = call.size() == 2;
  if (!call[0].is(Kind::kList) || (has_separator && !call[1].is(Kind::kString))) {
    return no_overload(call);
  }
  const auto separator = has_separator ? call[1].as_string() : std::string_view();
  const auto& list = call[0].as_list();
  std::string out;
  for (std::size_t at = 0; at < list.size(); ++at) {
    const auto item = list.at(at);
    if (!item.is(Kind::kString)) return no_overload(call);
    const auto bytes = item.as_string().size() + separator.size() + 16;
    if (!call.budget().make(static_cast<std::int64_t>(bytes))) return Value();
    if (at > 0) out.append(separator);
    out.append(item.as_string());
  }
  return Value::string(std::move(out));
}

Result<Value> quote(const Call& call) {
  if (!call[0].is(Kind::kString)) return no_overload(call);
  const auto text = call[0].as_string();
  if (!call.budget().make(static_cast<std::int64_t>(text.size()))) return Value();
  std::string out = "\"";
  for (const auto letter : text) {
    constexpr std::string_view kEscaped = "\a\b\f\n\r\t\v\\\"";
    constexpr std::string_view kLetters = "abfnrtv\\\"";
    const auto at = kEscaped.find(letter);
    if (at != std::string_view::npos) out += '\\';
    out += at == std::string_view::npos ? letter : kLetters[at];
  }
  return made_string(call.context, out + '"');
}

}  // namespace

Result<Value> lower_ascii(const Call& call) {
  return recased<'A', 'Z', 'a' - 'A'>(call);
}

Result<Value> upper_ascii(const Call& call) {
  return recased<'a', 'z', 'A' - 'a'>(call);
}

std::span<const Function> string_functions() {
  using enum Style;
  static constexpr std::array kFunctions = {
      Function{"charAt", kMember, 2, 2, char_at},
      Function{"indexOf", kMember, 2, 3, index_of},
      Function{"lastIndexOf", kMember, 2, 3, last_index_of},
      Function{"lowerAscii", kMember, 1, 1, lower_ascii},
      Function{"upperAscii", kMember, 1, 1, upper_ascii},
      Function{"replace", kMember, 3, 4, replace},
      Function{"split", kMember, 2, 3, split},
      Function{"substring", kMember, 2, 3, substring},
      Function{"trim", kMember, 1, 1, trim},
      Function{"join", kMember, 1, 2, join},
      Function{"strings.quote", kGlobal, 1, 1, quote},
  };
  return kFunctions;
}

}  // namespace synap::cel
