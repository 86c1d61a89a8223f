#include "features/notes/notes.h"

#include <fmt/format.h>

#include <algorithm>

#include "features/links/links.h"
#include "features/notes/origins.h"
#include "features/noun/noun.h"
#include "features/noun/stored_text.h"
#include "markdown/hash_tags.h"
#include "markdown/html.h"

namespace synap::features::notes {
namespace {

constexpr std::size_t kTitleInputCharactersMax = 500;
constexpr std::size_t kTagCharactersMax = markdown::kHashTagCharactersMax;
constexpr std::size_t kTagsMax = 100;

constexpr std::size_t kPathCharactersMax =
    4'500;  // Linux's 4,096 bytes, and a mark of the importer's

struct Note {
  std::string title;
  std::vector<std::string> tags;
  Json properties;
  std::optional<Origin> origin;
};
const ObjectSchema<Note>& describe(Type<Note>) {
  static const auto schema =
      object<Note>("NoteFields")
          .field("title", &Note::title, string().min(1).max(kTitleInputCharactersMax),
                 "A creation that gives none takes the first line of the text.")
          .field_or("tags", &Note::tags,
                    array(string().min(1).max(kTagCharactersMax)).max(kTagsMax), {})
          .field_or("properties", &Note::properties, record(any()), Json::object(),
                    "What else is known of it, by name: any JSON, 64 KiB of text at most.")
          .field("origin", &Note::origin, schema_of<Origin>(),
                 "The file that it was imported from; absent: none.");
  return schema;
}

int depth_of(const Json& value) {
  int below = 0;
  if (value.is_array()) {
    for (const auto& item : value.as_array()) below = std::max(below, depth_of(item));
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.as_object()) below = std::max(below, depth_of(member));
  } else {
    return 0;
  }
  return below + 1;
}

// The recursion is as deep as the parser of inputs lets JSON be.
Result<> check_properties(const Json& given) {
  const Json* properties = given.find("properties");
  if (properties == nullptr || !properties->is_object()) return {};
  if (const auto bytes = properties->dump().size(); bytes > kPropertiesBytesMax) {
    return fail(Code::kBadRequest, fmt::format("properties: {} bytes of JSON, at most {}", bytes,
                                               kPropertiesBytesMax));
  }
  if (depth_of(*properties) > kPropertiesDepthMax) {
    return fail(Code::kBadRequest, fmt::format("properties: more than {} values inside each other",
                                               kPropertiesDepthMax));
  }
  return {};
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// How many bytes of a line are a mark of a quote, of an item of a list or of its box: "> ", "12. ",
// "- ", "[x] ". 0: it begins with none.
std::size_t mark_size(std::string_view line) {
  if (line.starts_with('>')) return 1;
  constexpr std::size_t kDigitsMax = 9;  // CommonMark's
  auto size = std::min(line.find_first_not_of("0123456789"), line.size());
  const bool is_numbered = size > 0 && size <= kDigitsMax && size < line.size() &&
                           (line[size] == '.' || line[size] == ')');
  if (is_numbered || line.starts_with('-') || line.starts_with('*') || line.starts_with('+')) {
    size = is_numbered ? size + 1 : 1;
  } else {
    const auto box = line.substr(0, 3);
    size = box == "[ ]" || box == "[x]" || box == "[X]" ? box.size() : 0;
  }
  const bool is_apart = size == line.size() || line[size] == ' ' || line[size] == '\t';
  return is_apart ? size : 0;
}

TextOptions::Tags hash_tags() {
  // One more shows that there is more, as for links.
  return {.bytes_max = markdown::kTextBytesMax + 1,
          .read = markdown::hash_tags,
          .renamed = markdown::with_tag_renamed};
}

// A rule, a fence, or the underline of a heading.
bool is_mark_only(std::string_view line) {
  return line.find_first_not_of("-*_=+`~ \t") == line.npos;
}

// The words of a line, without what says in which kind of block they are.
std::string_view words_of(std::string_view line) {
  line = trimmed(line);
  if (is_mark_only(line)) return {};
  while (const auto size = mark_size(line)) line = trimmed(line.substr(size));
  while (line.starts_with('#')) line.remove_prefix(1);
  return trimmed(line);
}

}  // namespace

const ObjectSchema<Origin>& describe(Type<Origin>) {
  static const auto schema =
      object<Origin>("NoteOrigin")
          .field("path", &Origin::path, string().min(1).max(kPathCharactersMax), "Absolute.")
          .field("checksum", &Origin::checksum, string().min(64).max(64),
                 "SHA-256 of the file, hexadecimal.");
  return schema;
}

std::string title_of(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = words_of(text.substr(0, end));
    if (!line.empty()) return std::string(trimmed(first_characters(line, kTitleCharactersMax)));
    if (end == text.npos) break;
    text.remove_prefix(end + 1);
  }
  return "Untitled";
}

void add(const Rooms& rooms, int reading_parts_max) {
  Noun<Note> notes(
      rooms,
      {.name = "note",
       .plural = "notes",
       .text =
           TextOptions{
               .extension = "md",
               .docs = "The text, Markdown.",
               .derived = {{"title", [](std::string_view text) { return Json(title_of(text)); }}},
               .consequences = links::add_found_links(rooms, hash_tags(), reading_parts_max),
               .tags = hash_tags(),
               .takes_imports = true},
       .tags =
           TagOptions{
               .field = "tags", .one = "tag", .procedure = "tags.list", .have_colours = true},
       .large = {"properties", "origin"},
       // A restored note has been imported from its file all the same: else the next import, which
       // finds the file unchanged, would undo the restore.
       .unrestored = {"origin"},
       .check = check_properties,
       .example = R"({"content":"# Groceries\n\n- milk","tags":["home"]})"});
  notes.add_former_get("getById");
  add_origins(rooms);
}

}  // namespace synap::features::notes
