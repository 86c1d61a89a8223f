#include "search/streams.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "analysis/folding.h"
#include "base/json.h"

namespace synap::search {
namespace {

using analysis::Token;

// Before the field of a key: no word has it, so no word is a key.
constexpr char kKeyMark = '\x02';
// Instead of what would end a term.
constexpr char kSpaceMark = '\x1f';
// Of a value that is looked for as a whole.
constexpr std::size_t kKeyBytesMax = 512;

class Writer {
 public:
  Writer(analysis::Analyzer& analyzer, std::int64_t user, analysis::Language language)
      : analyzer_(analyzer), prefix_(fmt::format("{}:", user)), language_(language) {}

  void write(std::string_view text, std::string& stream, std::int64_t& size) {
    analyzer_.analyze(text, language_, [&](const Token& token) {
      if (!stream.empty()) stream += ' ';
      stream += prefix_;
      stream += token.term;
      for (const auto& stem : token.stems) {
        stream += " /";
        stream += prefix_;
        stream += stem;
      }
      ++size;
      return true;
    });
  }

 private:
  analysis::Analyzer& analyzer_;
  std::string prefix_;
  analysis::Language language_;
};

Json parsed(std::string_view text, Json otherwise) {
  auto json = parse_json(text);
  return json ? std::move(*json) : std::move(otherwise);
}

// What is no text is not found; for each of its bytes stands one, so that what is behind it stays
// where it was.
std::string text_of(std::string_view bytes) {
  std::string text(bytes);
  for (std::size_t at = valid_utf8_prefix(text); at < text.size();
       at += valid_utf8_prefix(std::string_view(text).substr(at))) {
    text[at] = '?';
  }
  return text;
}

}  // namespace

std::string_view beginning_of(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

std::string own_type_in(std::string_view fields) {
  if (fields == "{}") return "";
  return std::string(parsed(fields, Json::object()).string_or("type", ""));
}

std::string term_of(std::int64_t user, std::string_view word) {
  return fmt::format("{}:{}", user, word);
}

std::string key_of(std::string_view field, std::string_view value) {
  auto key =
      fmt::format("{}{}={}", kKeyMark, field, analysis::folded(beginning_of(value, kKeyBytesMax)));
  std::ranges::replace(key, ' ', kSpaceMark);
  std::ranges::replace(key, '\0', kSpaceMark);
  return key;
}

Kept kept_of(const Document& document) {
  Json tags = Json::array();
  for (const auto& tag : document.tags) tags.push_back(tag);
  Json fields = Json::object();
  for (const auto& [name, value] : document.fields) fields.set(name, value);
  Kept kept{.type = document.type,
            .title = text_of(document.title),
            .text = text_of(beginning_of(document.text, kTextBytesMax)),
            .tags = tags.dump(),
            .others = text_of(beginning_of(document.others, kTextBytesMax)),
            .fields = fields.dump(),
            .updated_at = document.updated_at};
  constexpr std::size_t kLookedAt = 4'096;
  kept.language =
      analysis::detect(fmt::format("{}\n{}\n{}", kept.title, beginning_of(kept.text, kLookedAt),
                                   beginning_of(kept.others, kLookedAt)));
  return kept;
}

Streams streams_of(analysis::Analyzer& analyzer, std::int64_t user, const Kept& kept) {
  Streams streams;
  Writer writer(analyzer, user, kept.language);
  const auto write = [&](Column column, std::string_view text) {
    const auto at = static_cast<std::size_t>(column);
    writer.write(text, streams.words[at], streams.sizes[at]);
  };
  const auto add_key = [&](std::string_view field, std::string_view value) {
    if (!streams.keys.empty()) streams.keys += ' ';
    streams.keys += term_of(user, key_of(field, value));
  };
  write(Column::kTitle, kept.title);
  write(Column::kText, kept.text);
  write(Column::kOthers, kept.others);
  add_key("type", kept.type);
  // "year/2026" is found by "year", too, as those are who look through a tree of tags.
  std::set<std::string> tags;
  for (const auto& tag : parsed(kept.tags, Json::array()).as_array()) {
    const auto& name = tag.as_string();
    write(Column::kTags, name);
    tags.insert(name);
    for (auto at = name.find('/', 1); at != name.npos; at = name.find('/', at + 1)) {
      tags.insert(name.substr(0, at));
    }
  }
  for (const auto& tag : tags) add_key("tag", tag);
  for (const auto& [name, value] : parsed(kept.fields, Json::object()).as_object()) {
    add_key(name, value.as_string());
  }
  return streams;
}

}  // namespace synap::search
