#include "synap/note_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <clocale>
#include <cwctype>

#include "base/clock.h"
#include "base/text.h"
#include "synap/front_matter.h"
#include "synap/markdown_note.h"

namespace synap::cli {
namespace {

Json field(const Json& note, std::string_view name) {
  const Json* value = note.find(name);
  return value != nullptr ? *value : Json();
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// What YAML allows nowhere as it is (1.2.2, 5.1), and what ends a line for its older readers.
bool must_be_escaped(char32_t point) {
  return (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029 || point == 0xfeff ||
         point == 0xfffe || point == 0xffff;
}

bool has_to_be_escaped(std::string_view text) {
  while (!text.empty()) {
    const auto c = first_code_point(text);
    if (must_be_escaped(c.value)) return true;
    text.remove_prefix(c.bytes);
  }
  return false;
}

// A text that YAML reads as itself without quotes; of others some could be, too.
bool is_plain(std::string_view text) {
  if (text.empty() ||
      (!is_letter(text.front()) && static_cast<unsigned char>(text.front()) < 0x80 &&
       !(text.front() >= '0' && text.front() <= '9'))) {
    return false;
  }
  // Words that readers of YAML 1.1 take for true and false.
  static constexpr std::string_view kOldWords[] = {"y", "n", "yes", "no", "on", "off"};
  const auto is_same = [&](std::string_view word) {
    return std::ranges::equal(text, word, {}, [](char c) { return is_letter(c) ? c | 0x20 : c; });
  };
  if (std::ranges::any_of(kOldWords, is_same)) return false;
  if (text.back() == ' ' || text.back() == ':') return false;
  if (text.find(": ") != text.npos || text.find(" #") != text.npos) return false;
  const bool is_printable =
      std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (has_to_be_escaped(text)) return false;
  // And is a text: not a number, true or null.
  const auto read = read_yaml_properties(fmt::format("a: {}", text));
  return is_printable && read && field(read->values, "a") == Json(text);
}

// JSON text, in which such characters are escaped too: only strings have them.
std::string quoted(const Json& value) {
  const auto text = value.dump();
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const auto c = first_code_point(rest);
    if (must_be_escaped(c.value)) {
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c.value));
    } else {
      out += rest.substr(0, c.bytes);
    }
    rest.remove_prefix(c.bytes);
  }
  return out;
}

std::string scalar(const Json& value) {
  return value.is_string() && is_plain(value.as_string()) ? value.as_string() : quoted(value);
}

class YamlWriter {
 public:
  explicit YamlWriter(const Json& spellings) : spellings_(spellings) {}

  void member(const std::string& name, const Json& value, const std::string& pointer, int depth) {
    out_.append(static_cast<std::size_t>(depth) * 2, ' ');
    out_ += scalar(Json(name)) + ":";
    rest(value, pointer, depth);
  }
  std::string take() { return std::move(out_); }

 private:
  // What follows "name:" or "-".
  void rest(const Json& value, const std::string& pointer, int depth) {
    if (value.is_object() && !value.as_object().empty()) {
      out_ += "\n";
      for (const auto& [name, inner] : value.as_object()) {
        member(name, inner, pointer + pointer_step(name), depth + 1);
      }
    } else if (value.is_array() && !value.as_array().empty()) {
      out_ += "\n";
      for (std::size_t i = 0; i < value.as_array().size(); ++i) {
        out_.append(static_cast<std::size_t>(depth + 1) * 2, ' ');
        out_ += "-";
        rest(value.as_array()[i], fmt::format("{}/{}", pointer, i), depth + 1);
      }
    } else {
      const auto spelling = value.is_number() ? spellings_.string_or(pointer, "") : "";
      out_ += " " + (spelling.empty() ? scalar(value) : std::string(spelling)) + "\n";
    }
  }

  const Json& spellings_;
  std::string out_;
};

Json identity_of(const Json& note) {
  Json said = Json::object();
  for (const auto* name : {"id", "version", "createdAt", "updatedAt"}) {
    said.set(name, field(note, name));
  }
  return said;
}

std::string as_yaml(const Json& note) {
  const auto properties = field(note, "properties");
  const Json* kept = properties.find(kSpellingName);
  const Json spellings = kept != nullptr && kept->is_object() ? *kept : Json::object();
  YamlWriter writer(spellings);
  writer.member("title", field(note, "title"), "/title", 0);
  if (const auto tags = own_tags(note); !tags.as_array().empty()) {
    writer.member("tags", tags, "/tags", 0);
  }
  if (properties.is_object()) {
    for (const auto& [name, value] : properties.as_object()) {
      if (name != kSpellingName) writer.member(name, value, pointer_step(name), 0);
    }
  }
  const auto unnamed = pointer_step(kPrototypeName);
  if (const auto text = parse_json(spellings.string_or(unnamed, "")); text) {
    writer.member(std::string(kPrototypeName), *text, unnamed, 0);
  }
  writer.member(std::string(kExportName), identity_of(note), "", 0);
  return fmt::format("---\n{}---\n", writer.take());
}

// It has a property of a name that the block has for something else: YAML has no name twice.
bool has_name_twice(const Json& note) {
  const auto properties = field(note, "properties");
  const bool has_tags = !own_tags(note).as_array().empty();
  return properties.find("title") != nullptr || properties.find(kExportName) != nullptr ||
         (has_tags && properties.find("tags") != nullptr);
}

std::string as_json(const Json& note) {
  Json said = identity_of(note);
  said.set("title", field(note, "title"));
  said.set("tags", own_tags(note));
  said.set("properties", field(note, "properties"));
  return fmt::format(";;;\n{}\n;;;\n",
                     quoted(Json::object({{std::string(kExportName), std::move(said)}})));
}

// Characters that no name should have: of paths, of shells' and Windows' own, and what is not seen.
bool is_unsafe(char32_t point) {
  if (is_hostile(point)) return true;
  if (point < 0x80)
    return std::string_view("/\\:*?\"<>|").find(static_cast<char>(point)) != std::string_view::npos;
  // Joiners and marks too, which have a meaning in a text and none in a name.
  return (point >= 0x200c && point <= 0x200f) || (point >= 0x2060 && point <= 0x206f) ||
         (point >= 0xfff9 && point <= 0xffff) || (point >= 0xe0000 && point <= 0xe0fff) ||
         point == 0xad;
}

// As file systems fold it that ignore case.
std::string folded(std::string_view name) {
  static const locale_t unicode = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string folded;
  while (!name.empty()) {
    const auto c = first_code_point(name);
    const auto point = static_cast<std::wint_t>(c.value);
    const auto lower = unicode != nullptr ? ::towlower_l(point, unicode) : point;
    folded += std::to_string(lower) + ".";
    name.remove_prefix(c.bytes);
  }
  return folded;
}

}  // namespace

bool is_same_value(const Json& one, const Json& other) {
  if (one.is_array() && other.is_array()) {
    return std::ranges::equal(one.as_array(), other.as_array(), is_same_value);
  }
  if (!one.is_object() || !other.is_object()) return one == other;
  if (one.as_object().size() != other.as_object().size()) return false;
  auto sorted = [](const Json& object) {
    std::vector<const Json::Member*> members;
    for (const auto& member : object.as_object()) members.push_back(&member);
    std::ranges::sort(members, {},
                      [](const auto* member) { return std::string_view(member->first); });
    return members;
  };
  return std::ranges::equal(sorted(one), sorted(other), [](const auto* a, const auto* b) {
    return a->first == b->first && is_same_value(a->second, b->second);
  });
}

Json own_tags(const Json& note) {
  const Json* own = note.find("ownTags");
  return own != nullptr ? *own : field(note, "tags");
}

bool is_file_of(std::string_view bytes, const Json& note) {
  // Without a name: a title must come of the file itself.
  const auto read = read_note("", bytes, {}, INT64_MAX / 2);
  if (!read) return false;
  Json tags = Json::array();
  for (const auto& tag : read->tags) tags.push_back(tag);
  const auto time = [](const std::optional<std::int64_t>& at) {
    return at ? Json(to_iso8601(*at)) : Json();
  };
  return Json(read->title) == field(note, "title") &&
         Json(read->content) == field(note, "content") && tags == own_tags(note) &&
         is_same_value(read->properties, field(note, "properties")) &&
         time(read->created_at) == field(note, "createdAt") &&
         time(read->updated_at) == field(note, "updatedAt");
}

bool is_export_of(std::string_view bytes, const Json& note) {
  if (!is_file_of(bytes, note)) return false;
  const auto written = note_file(note);
  if (!written) return false;
  const auto said = read_note("", bytes, {}, INT64_MAX / 2)->remarks;
  const auto usual = read_note("", *written, {}, INT64_MAX / 2)->remarks;
  return std::ranges::all_of(
      said, [&](const auto& remark) { return std::ranges::find(usual, remark) != usual.end(); });
}

Result<std::string> note_file(const Json& note) {
  const std::string text(note.string_or("content", ""));
  for (const auto write : {as_yaml, as_json}) {
    if (write == as_yaml && has_name_twice(note)) continue;
    auto file = write(note) + text;
    if (is_file_of(file, note)) return file;
  }
  return fail(Code::kUnprocessableContent, text.size() + kBlockBytesMax > kFileBytesMax
                                               ? "it is too large for a file that an import reads"
                                               : "no file would be read as this note");
}

std::string file_name_of(std::string_view title) {
  constexpr std::size_t kNameBytesMax = 120;
  std::string name;
  while (!title.empty()) {
    const auto c = first_code_point(title);
    const auto character = is_unsafe(c.value) ? std::string_view(" ") : title.substr(0, c.bytes);
    title.remove_prefix(c.bytes);
    if (name.size() + character.size() > kNameBytesMax) break;
    if (character == " " && (name.empty() || name.ends_with(' '))) continue;
    name += character;
  }
  const auto is_end = [](char c) { return c == ' ' || c == '.'; };
  while (!name.empty() && is_end(name.back())) name.pop_back();
  name.erase(0, std::min(name.find_first_not_of(". "), name.size()));
  // A dash would be an option of most commands, and Windows keeps some names for devices.
  static constexpr std::string_view kDevices[] = {"con", "prn", "aux", "nul"};
  auto stem = name.substr(0, name.find('.'));
  std::ranges::transform(stem, stem.begin(),
                         [](char c) { return is_letter(c) ? static_cast<char>(c | 0x20) : c; });
  const bool is_port = stem.size() == 4 && (stem.starts_with("com") || stem.starts_with("lpt"));
  if (name.starts_with('-') || is_port || std::ranges::find(kDevices, stem) != std::end(kDevices)) {
    name.insert(0, "_");
  }
  return name.empty() ? "Untitled" : name;
}

bool FileNames::take(std::string_view name) {
  return taken_.insert(folded(name)).second;
}

}  // namespace synap::cli
