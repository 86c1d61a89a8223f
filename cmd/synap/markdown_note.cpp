#include "synap/markdown_note.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "base/clock.h"
#include "base/text.h"
#include "base/uuid.h"
#include "features/notes/notes.h"
#include "synap/front_matter.h"
#include "synap/heading.h"

namespace synap::cli {
namespace {

using features::notes::kPropertiesBytesMax;

// Names that mean when a note was made or changed, in the order in which they are asked; letters of
// any case, and without " ", "_" and "-": "Date Created" is "datecreated".
constexpr std::string_view kCreatedNames[] = {"created",      "createdat",    "createdon",
                                              "datecreated",  "creationdate", "createdtime",
                                              "creationtime", "date"};
constexpr std::string_view kUpdatedNames[] = {
    "updated",      "updatedat",  "updatedon",       "dateupdated",  "lastupdated",
    "modified",     "modifiedat", "datemodified",    "lastmodified", "lastmod",
    "modifiedtime", "mtime",      "modificationdate"};

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

std::string_view first_characters(std::string_view text, std::size_t most) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins_character(text[i]) && count++ == most) return text.substr(0, i);
  }
  return text;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c != ' ' && c != '_' && c != '-') plain += lower(c);
  }
  return plain;
}

std::string name_without_extension(std::string_view name) {
  const auto dot = name.rfind('.');
  return std::string(dot == name.npos || dot == 0 ? name : name.substr(0, dot));
}

// Where the member is whose name is `name`, or else the first that differs by case only.
Json::Object::iterator find_any_case(Json::Object& members, std::string_view name) {
  const auto exact = std::ranges::find(members, name, &Json::Member::first);
  if (exact != members.end()) return exact;
  return std::ranges::find_if(members, [&](const Json::Member& member) {
    return std::ranges::equal(member.first, name, {}, lower);
  });
}

bool is_scalar(const Json& value) {
  return !value.is_array() && !value.is_object();
}

// Fills a note from the properties of its file. What it uses up it takes out of them.
class Filling {
 public:
  Filling(MarkdownNote& note, Properties properties, std::int64_t now)
      : note_(note), given_(std::move(properties)), now_(now) {}

  /// False: it is no front matter that a note can have, and `problem()` says why.
  bool run() {
    std::ranges::move(given_.remarks, std::back_inserter(note_.remarks));
    take_export();
    if (!take_title() || !take_tags()) return false;
    if (exact_title_) {
      overrule("title", note_.title.empty() || note_.title == *exact_title_);
      note_.title = *exact_title_;
    }
    if (exact_tags_) {
      overrule("tags", note_.tags.empty() || note_.tags == *exact_tags_);
      note_.tags = *exact_tags_;
    }
    take_times();
    note_.properties = std::move(given_.values);
    for (auto& [name, value] : exported_.as_object()) {
      if (name == kSpellingName) continue;
      const Json* other = note_.properties.find(name);
      overrule(name, other == nullptr || *other == value);
      note_.properties.set(name, std::move(value));
    }
    keep_spellings();
    return check_properties();
  }
  const std::string& problem() const { return problem_; }

 private:
  bool refuse(std::string_view why) {
    problem_ = fmt::format("the front matter is kept as text: {}", why);
    return false;
  }

  // As the source spells a scalar.
  std::string spelled(const std::string& pointer, const Json& value) {
    if (value.is_string()) return value.as_string();
    const auto found = given_.spellings.find(pointer);
    return found != given_.spellings.end() ? found->second : value.dump();
  }
  // What the export's own member says counts; where another line says something else, it is told.
  void overrule(std::string_view name, bool is_same) {
    if (is_same) return;
    note_.remarks.push_back(
        fmt::format("\"{}\" is in \"{}\" too, which counts; the other is left out",
                    first_characters(name, 100), kExportName));
  }

  bool take_title() {
    auto& members = given_.values.as_object();
    const auto found = find_any_case(members, "title");
    if (found == members.end()) return true;
    if (!is_scalar(found->second)) return refuse("the title is a list or a map");
    const auto pointer = pointer_step(found->first);
    if (!found->second.is_null()) {
      const auto written = spelled(pointer, found->second);
      auto title = written;
      std::ranges::replace_if(title, [](char c) { return c == '\n' || c == '\r'; }, ' ');
      note_.title = std::string(trimmed(title));
      if (note_.title != written && !exact_title_) {
        note_.remarks.emplace_back(
            note_.title.empty()
                ? "the title is empty: a heading or the file's name takes its place"
                : "the title is one line, without spaces at its ends: the others are left out");
      }
    }
    // One that is too long is cut, and stays a property as it is.
    if (characters(note_.title) > kTitleCharactersMax) return true;
    members.erase(found);
    given_.forget_spellings(pointer);
    return true;
  }

  bool take_tags() {
    auto& members = given_.values.as_object();
    const auto found = find_any_case(members, "tags");
    if (found == members.end()) return true;
    const auto& value = found->second;
    const auto pointer = pointer_step(found->first);
    std::vector<std::string> tags;
    if (value.is_object()) return refuse("the tags are a map");
    if (value.is_array()) {
      const auto& list = value.as_array();
      if (!std::ranges::all_of(list, is_scalar)) return refuse("a tag is no text");
      for (std::size_t i = 0; i < list.size(); ++i) {
        tags.push_back(list[i].is_null() ? "" : spelled(fmt::format("{}/{}", pointer, i), list[i]));
      }
    } else if (!value.is_null()) {
      std::string_view rest;
      const auto text = spelled(pointer, value);
      for (rest = text; !rest.empty();) {
        const auto comma = rest.find(',');
        tags.emplace_back(rest.substr(0, comma));
        rest.remove_prefix(comma == rest.npos ? rest.size() : comma + 1);
      }
      // Behind the last comma nobody has left a tag without a name.
      if (!tags.empty() && trimmed(tags.back()).empty()) tags.pop_back();
    }
    if (!add_tags(note_, named_once(tags)))
      return true;  // what does not fit stays a property as it is
    members.erase(found);
    given_.forget_spellings(pointer);
    return true;
  }

  // Those that have a name, each once; of the others the report tells.
  std::vector<std::string> named_once(const std::vector<std::string>& tags) {
    std::vector<std::string> once;
    std::unordered_set<std::string> known;  // the same: a file may have 60,000
    std::vector<std::string> again;
    std::size_t nameless = 0;
    for (const auto& text : tags) {
      auto tag = composed(tag_of(text));
      if (tag.empty()) {
        ++nameless;
      } else {
        const bool is_new = known.insert(tag).second;
        (is_new ? once : again).push_back(std::move(tag));
      }
    }
    if (nameless == 1) note_.remarks.emplace_back("a tag without a name is left out");
    if (nameless > 1) {
      note_.remarks.push_back(fmt::format("{} tags without a name are left out", nameless));
    }
    if (again.size() == 1) {
      note_.remarks.push_back(
          fmt::format("the tag {} is there twice: it counts once", shown_tag(again.front())));
    } else if (again.size() > 1) {
      note_.remarks.push_back(
          fmt::format("{} tags were there before, the first is {}: each counts once", again.size(),
                      shown_tag(again.front())));
    }
    return once;
  }

  static std::string shown_tag(std::string_view tag) {
    const auto first = first_characters(tag, 20);
    return fmt::format("\"{}{}\"", first, first == tag ? "" : "…");
  }

  void take_times() {
    note_.created_at = export_created_ ? export_created_ : time_of(kCreatedNames);
    note_.updated_at = export_updated_ ? export_updated_ : time_of(kUpdatedNames);
    if (note_.created_at && note_.updated_at && *note_.updated_at < *note_.created_at) {
      note_.remarks.emplace_back(
          "it was changed before it was made, as its dates say: the later "
          "one counts for both");
      note_.updated_at = note_.created_at;
    }
  }

  template <std::size_t N>
  std::optional<std::int64_t> time_of(const std::string_view (&names)[N]) {
    constexpr std::int64_t kDayMs = 24 * 60 * 60 * 1000;
    for (const auto name : names) {
      for (const auto& [key, value] : given_.values.as_object()) {
        const auto text = value.is_string() ? trimmed(value.as_string()) : std::string_view();
        if (plain_name(key) != name || value.is_null() || (value.is_string() && text.empty())) {
          continue;
        }
        const auto moment = moment_of(text);
        if (moment && *moment - kDayMs <= now_) return moment;
        note_.remarks.push_back(fmt::format("\"{}\" is {}; it is kept as a property only",
                                            first_characters(key, 100),
                                            moment ? "yet to come" : "no date of ISO 8601"));
      }
    }
    return std::nullopt;
  }

  // What an export wrote of the note. Anything else of the name is a property as any other.
  void take_export() {
    auto& members = given_.values.as_object();
    const auto found = std::ranges::find(members, kExportName, &Json::Member::first);
    if (found == members.end() || !found->second.is_object()) return;
    auto& said = found->second;
    const Json* version = said.find("version");
    const auto id = Uuid::parse(said.string_or("id", ""));
    // The first version is 1, and numbers of JSON end there.
    constexpr std::int64_t kVersionMax = (std::int64_t{1} << 53) - 1;
    if (!id || version == nullptr || !version->is_integer() || version->as_integer() < 1 ||
        version->as_integer() > kVersionMax) {
      return;
    }
    note_.exported_id = id->to_string();
    note_.exported_version = version->as_integer();
    const auto is_time = [](const Json& value, std::optional<std::int64_t>& time) {
      if (value.is_string()) time = parse_iso8601(value.as_string());
      return value.is_null() || time.has_value();
    };
    // What it does not say is somebody's, and stays a property as any other.
    std::erase_if(said.as_object(), [&](Json::Member& member) {
      auto& [name, value] = member;
      const bool is_said = name == "id" || name == "version" ||
                           (name == "createdAt" && is_time(value, export_created_)) ||
                           (name == "updatedAt" && is_time(value, export_updated_)) ||
                           (name == "properties" && value.is_object()) ||
                           (name == "title" && value.is_string()) ||
                           (name == "tags" && value.is_array() &&
                            std::ranges::all_of(value.as_array(), &Json::is_string));
      if (!is_said) return false;
      if (name == "properties") exported_ = std::move(value);
      if (name == "title") exact_title_ = value.as_string();
      if (name == "tags") {
        exact_tags_.emplace();
        for (const auto& tag : value.as_array()) exact_tags_->push_back(composed(tag.as_string()));
      }
      given_.forget_spellings(pointer_step(kExportName) + pointer_step(name));
      return true;
    });
    if (said.as_object().empty()) members.erase(found);
  }

  void keep_spellings() {
    Json* exported = exported_.find(kSpellingName);
    const Json* own = exported != nullptr ? exported : note_.properties.find(kSpellingName);
    const bool can_add = own == nullptr || (own == exported && exported->is_object());
    Json spellings = exported != nullptr ? std::move(*exported) : Json::object();
    if (!given_.spellings.empty() && !can_add) {
      note_.remarks.push_back(
          fmt::format("how its numbers are spelled is left out: it has a property \"{}\" itself",
                      kSpellingName));
    }
    if (can_add) {
      for (const auto& [pointer, spelling] : given_.spellings) spellings.set(pointer, spelling);
    }
    if (exported != nullptr || (can_add && !given_.spellings.empty())) {
      note_.properties.set(kSpellingName, std::move(spellings));
    }
  }

  // Beside the spellings of other values.
  void keep_as_text(const std::string& value) {
    Json* spellings = note_.properties.find(kSpellingName);
    if (spellings == nullptr) {
      note_.properties.set(kSpellingName, Json::object());
      spellings = note_.properties.find(kSpellingName);
    }
    if (!spellings->is_object()) {
      note_.remarks.push_back(
          fmt::format("the property \"{}\" is left out: no client could read it", kPrototypeName));
      return;
    }
    spellings->set(pointer_step(kPrototypeName), value);
    note_.remarks.push_back(fmt::format(
        "the property \"{}\" is kept as text, in \"{}\": no client could read it by its name",
        kPrototypeName, kSpellingName));
  }

  bool check_properties() {
    auto& members = note_.properties.as_object();
    // JavaScript's name of an object's prototype: the pod takes no property of it.
    const auto own = std::ranges::find(members, kPrototypeName, &Json::Member::first);
    if (own != members.end()) {
      const auto text = own->second.dump();
      members.erase(own);
      keep_as_text(text);
    }
    if (const auto bytes = note_.properties.dump().size(); bytes > kPropertiesBytesMax) {
      return refuse(fmt::format("its properties are {} bytes of JSON, at most {}", bytes,
                                kPropertiesBytesMax));
    }
    return true;
  }

 public:
  // False: some of them do not fit.
  static bool add_tags(MarkdownNote& note, const std::vector<std::string>& tags) {
    std::vector<std::string> left_out;
    for (const auto& text : tags) {
      auto tag = composed(tag_of(text));
      if (tag.empty() || std::ranges::find(note.tags, tag) != note.tags.end()) continue;
      if (characters(tag) <= kTagCharactersMax && note.tags.size() < kTagsMax) {
        note.tags.push_back(std::move(tag));
        continue;
      }
      left_out.push_back(std::move(tag));
    }
    if (left_out.empty()) return true;
    const auto shown = shown_tag(left_out.front());
    const auto what = left_out.size() == 1 ? fmt::format("the tag {} is left out", shown)
                                           : fmt::format("{} tags are left out, the first is {}",
                                                         left_out.size(), shown);
    note.remarks.push_back(fmt::format("{}: a note has at most {} tags of {} characters", what,
                                       kTagsMax, kTagCharactersMax));
    return false;
  }

 private:
  MarkdownNote& note_;
  Properties given_;
  std::int64_t now_;
  std::optional<std::int64_t> export_created_;
  std::optional<std::int64_t> export_updated_;
  // What the export's own member says, exactly.
  Json exported_ = Json::object();  // properties
  std::optional<std::string> exact_title_;
  std::optional<std::vector<std::string>> exact_tags_;
  std::string problem_;
};

Result<> check_bytes(std::string_view bytes) {
  if (bytes.size() > kFileBytesMax) {
    return fail(Code::kPayloadTooLarge,
                fmt::format("too large: {:.1f} MiB, at most {} MiB",
                            static_cast<double>(bytes.size()) / (1024 * 1024),
                            kFileBytesMax / (1024 * 1024)));
  }
  const auto valid = valid_utf8_prefix(bytes);
  if (valid == bytes.size()) return {};
  return fail(Code::kUnprocessableContent, fmt::format("no UTF-8: byte {} is wrong", valid + 1));
}

void choose_title(MarkdownNote& note, std::string_view name, std::string_view body) {
  if (note.title.empty()) note.title = first_heading(body);
  if (note.title.empty()) note.title = name_without_extension(name);
  const auto cut = first_characters(note.title, kTitleCharactersMax);
  if (cut.size() == note.title.size()) return;
  note.remarks.push_back(fmt::format("the title is cut after {} characters", kTitleCharactersMax));
  note.title = std::string(cut);
}

}  // namespace

std::string_view tag_of(std::string_view text) {
  text = trimmed(text);
  while (text.starts_with('#')) text.remove_prefix(1);
  return trimmed(text);
}

std::optional<std::int64_t> moment_of(std::string_view text) {
  constexpr std::size_t kDateSize = 10;
  const auto date = std::string(text.substr(0, kDateSize));
  auto rest = text.substr(std::min(kDateSize, text.size()));
  if (rest.empty()) return parse_iso8601(date + "T00:00:00Z");
  if (rest.front() != 'T' && rest.front() != 't' && rest.front() != ' ') return std::nullopt;
  rest.remove_prefix(1);
  // HH:MM, and seconds with their fraction where they are there.
  const auto zone_at = std::min(rest.find_first_of("Zz+- "), rest.size());
  auto time = std::string(rest.substr(0, zone_at));
  constexpr std::size_t kMinutesSize = 5;
  if (time.size() == kMinutesSize) time += ":00";
  auto zone = std::string(trimmed(rest.substr(zone_at)));
  if (zone.empty() || zone == "z") zone = "Z";
  if (zone.size() == 3) zone += ":00";        // +02
  if (zone.size() == 5) zone.insert(3, ":");  // +0200
  return parse_iso8601(fmt::format("{}T{}{}", date, time, zone));
}

Result<MarkdownNote> read_note(std::string_view name, std::string_view bytes,
                               const std::vector<std::string>& more_tags, std::int64_t now) {
  if (auto checked = check_bytes(bytes); !checked) return fail(checked.error());
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  if (trimmed(bytes).empty()) return fail(Code::kNotFound, "empty");
  auto matter = read_front_matter(bytes);
  MarkdownNote note;
  auto body = matter.body;
  if (!matter.problem.empty()) note.remarks.push_back(std::move(matter.problem));
  if (matter.is_there) {
    Filling filling(note, std::move(matter.properties), now);
    if (!filling.run()) {
      note = {};
      note.remarks.push_back(filling.problem());
      body = bytes;
    }
  }
  if (const auto count = characters(body); count > kContentCharactersMax) {
    return fail(Code::kPayloadTooLarge,
                fmt::format("too large: {} characters, at most {}", count, kContentCharactersMax));
  }
  // A text is never empty: where there are properties only, it is an empty line.
  note.content = body.empty() ? std::string("\n") : std::string(body);
  choose_title(note, name, matter.behind);
  Filling::add_tags(note, more_tags);
  return note;
}

}  // namespace synap::cli
