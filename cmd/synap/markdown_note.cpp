#include "synap/markdown_note.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "synap/front_matter.h"

namespace synap::cli {
namespace {

// The bounds of notes.create, in characters.
constexpr std::size_t kContentCharactersMax = 5'000'000;
constexpr std::size_t kTitleCharactersMax = 500;
constexpr std::size_t kTagCharactersMax = 100;
constexpr std::size_t kTagsMax = 100;

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

// "## Title ##" is "Title"; nothing if the line is no heading.
std::string_view heading_of(std::string_view line) {
  const auto indent = line.find_first_not_of(' ');
  if (indent > 3) return {};  // npos too
  line.remove_prefix(indent);
  const auto level = std::min(line.find_first_not_of('#'), line.size());
  if (level == 0 || level > 6) return {};
  if (level < line.size() && line[level] != ' ' && line[level] != '\t') return {};
  auto text = trimmed(line.substr(level));
  const auto end = text.find_last_not_of('#');
  if (end == std::string_view::npos) return {};
  // Hashes at the end belong to the heading unless a space parts them from it: "C#".
  if (end + 1 < text.size() && text[end] == ' ') text = trimmed(text.substr(0, end));
  return text;
}

bool is_underline(std::string_view line) {
  line = trimmed(line);
  return line.size() > 1 && (line.find_first_not_of('=') == std::string_view::npos ||
                             line.find_first_not_of('-') == std::string_view::npos);
}

// What a line opens or closes: "```", "~~~" or nothing.
std::string_view code_fence(std::string_view line) {
  line = trimmed(line);
  if (!line.starts_with("```") && !line.starts_with("~~~")) return {};
  return line.substr(0, std::min(line.find_first_not_of(line.front()), line.size()));
}

// A paragraph's only line can have an underline; a list, quote, table or rule cannot.
bool can_be_underlined(std::string_view line) {
  return !line.starts_with("    ") &&
         std::string_view("-*+>|=<#").find(trimmed(line).front()) == std::string_view::npos;
}

std::string name_without_extension(std::string_view name) {
  return std::string(name.substr(0, name.rfind('.')));
}

void add_tags(MarkdownNote& note, const std::vector<std::string>& tags) {
  for (const auto& text : tags) {
    const auto tag = tag_of(text);
    if (tag.empty() || std::ranges::find(note.tags, tag) != note.tags.end()) continue;
    if (characters(tag) > kTagCharactersMax || note.tags.size() == kTagsMax) {
      note.remarks.push_back(
          fmt::format("the tag \"{}…\" is left out: a note has at most {} tags of "
                      "{} characters",
                      first_characters(tag, 20), kTagsMax, kTagCharactersMax));
      continue;
    }
    note.tags.emplace_back(tag);
  }
}

}  // namespace

std::string first_heading(std::string_view markdown) {
  std::string_view fence;
  std::string_view before;  // the line above, if it is a paragraph's first
  bool is_after_blank = true;
  while (!markdown.empty()) {
    const auto line = take_line(markdown);
    const auto mark = code_fence(line);
    if (!fence.empty()) {
      if (mark.starts_with(fence)) fence = {};
      continue;
    }
    if (!mark.empty()) {
      fence = mark;
      before = {};
      continue;
    }
    if (const auto heading = heading_of(line); !heading.empty()) return std::string(heading);
    if (!before.empty() && is_underline(line)) return std::string(trimmed(before));
    const bool is_blank = trimmed(line).empty();
    before = !is_blank && is_after_blank && can_be_underlined(line) ? line : std::string_view();
    is_after_blank = is_blank;
  }
  return {};
}

Result<MarkdownNote> read_note(std::string_view name, std::string_view bytes,
                               const std::vector<std::string>& more_tags) {
  if (bytes.size() > kFileBytesMax) {
    return fail(Code::kPayloadTooLarge,
                fmt::format("too large: {:.1f} MiB, at most {} MiB",
                            static_cast<double>(bytes.size()) / (1024 * 1024),
                            kFileBytesMax / (1024 * 1024)));
  }
  const auto valid = valid_utf8_prefix(bytes);
  if (valid != bytes.size()) {
    return fail(Code::kUnprocessableContent, fmt::format("no UTF-8: byte {} is wrong", valid + 1));
  }
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  auto matter = read_front_matter(bytes);
  if (trimmed(matter.body).empty()) {
    return fail(Code::kUnprocessableContent,
                matter.body.size() == bytes.size() ? "empty" : "empty but for its front matter");
  }
  if (const auto count = characters(matter.body); count > kContentCharactersMax) {
    return fail(Code::kPayloadTooLarge,
                fmt::format("too large: {} characters, at most {}", count, kContentCharactersMax));
  }
  MarkdownNote note;
  note.content = matter.body;
  if (!matter.problem.empty()) note.remarks.push_back(std::move(matter.problem));
  note.title = matter.title.value_or("");
  if (note.title.empty()) note.title = first_heading(matter.body);
  if (note.title.empty()) note.title = name_without_extension(name);
  if (const auto cut = first_characters(note.title, kTitleCharactersMax); cut != note.title) {
    note.remarks.push_back(
        fmt::format("the title is cut after {} characters", kTitleCharactersMax));
    note.title = std::string(cut);
  }
  add_tags(note, matter.tags);
  add_tags(note, more_tags);
  return note;
}

}  // namespace synap::cli
