#include "features/notes/notes.h"

#include "features/noun/noun.h"
#include "features/noun/stored_text.h"

namespace synap::features::notes {
namespace {

constexpr std::size_t kTitleInputCharactersMax = 500;
constexpr std::size_t kTagCharactersMax = 100;
constexpr std::size_t kTagsMax = 100;

struct Note {
  std::string title;
  std::vector<std::string> tags;
};
const ObjectSchema<Note>& describe(Type<Note>) {
  static const auto schema =
      object<Note>("NoteFields")
          .field("title", &Note::title, string().min(1).max(kTitleInputCharactersMax),
                 "A creation that gives none takes the first line of the text.")
          .field_or("tags", &Note::tags,
                    array(string().min(1).max(kTagCharactersMax)).max(kTagsMax), {});
  return schema;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

std::string title_of(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = trimmed(text.substr(0, end));
    while (line.starts_with('#')) line.remove_prefix(1);
    line = trimmed(line);
    if (!line.empty()) return std::string(trimmed(first_characters(line, kTitleCharactersMax)));
    if (end == text.npos) break;
    text.remove_prefix(end + 1);
  }
  return "Untitled";
}

void add(const Rooms& rooms) {
  Noun<Note> notes(
      rooms,
      {.name = "note",
       .plural = "notes",
       .text =
           TextOptions{
               .extension = "md",
               .docs = "The text, Markdown.",
               .derived = {{"title", [](std::string_view text) { return Json(title_of(text)); }}}},
       .tags = TagOptions{.field = "tags", .one = "tag", .procedure = "tags.list"},
       .example = R"({"content":"# Groceries\n\n- milk","tags":["home"]})"});
  notes.add_former_get("getById");
}

}  // namespace synap::features::notes
