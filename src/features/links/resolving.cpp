// Which note a link means.
#include <wctype.h>

#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "features/links/links.h"
#include "markdown/wiki_links.h"

namespace synap::features::links {
namespace {

// Of one name: more notes than this are of no use to whoever writes [[it]].
constexpr std::int64_t kCandidatesMax = 200;
// What is longer is longer than a target in NFC as well (Unicode's FAQ of normalization).
constexpr std::size_t kComposedToTargetBytesMax = 3 * markdown::kWikiTargetBytesMax;
// Twice as many as the links of a note can have.
constexpr std::int64_t kRelationsLookedAt = 2 * markdown::kWikiLinksMax;

bool says(const LinkRelations::One& one, std::string_view target) {
  return std::ranges::find(one.targets, target) != one.targets.end();
}

void append_utf8(std::string& out, char32_t c) {
  constexpr char32_t kTail = 0x3f;
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((c >> shift) & kTail)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | (c >> 6));
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | (c >> 12));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | (c >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

// In small letters. The locale is the C library's own, the same on every machine; all text in here
// is valid UTF-8.
std::string folded(std::string_view text) {
  static const locale_t kLocale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string small;
  small.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    if (first < 0x80) {
      small += static_cast<char>(first >= 'A' && first <= 'Z' ? first + 'a' - 'A' : first);
      ++at;
      continue;
    }
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    char32_t c = first & (0xffU >> (size + 1));
    for (std::size_t i = 1; i < size && at + i < text.size(); ++i) {
      c = (c << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3f);
    }
    if (kLocale != nullptr) c = static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), kLocale));
    append_utf8(small, c);
    at += size;
  }
  return small;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string_view without_extension(std::string_view name) {
  constexpr std::string_view kExtension = ".md";
  const bool is_file = name.size() > kExtension.size() &&
                       folded(name.substr(name.size() - kExtension.size())) == kExtension;
  return is_file ? name.substr(0, name.size() - kExtension.size()) : name;
}

// "../Title" of Obsidian's relative links says where from the note it is; the rest says which.
std::string_view without_way(std::string_view path) {
  for (;;) {
    if (path.starts_with('/')) {
      path.remove_prefix(1);
    } else if (path.starts_with("./")) {
      path.remove_prefix(2);
    } else if (path.starts_with("../")) {
      path.remove_prefix(3);
    } else {
      return path;
    }
  }
}

bool is_end_of_path(std::string_view path, std::string_view end) {
  if (!path.ends_with(end)) return false;
  return path.size() == end.size() || path[path.size() - end.size() - 1] == '/';
}

// Less is better.
enum class NameKind : std::uint8_t { kFile, kTitle, kAlias };

NameKind kind_of(std::string_view kind) {
  if (kind == "file") return NameKind::kFile;
  return kind == "title" ? NameKind::kTitle : NameKind::kAlias;
}

enum class Match : std::uint8_t { kAsWritten, kInSmallLetters, kNone };

Match match_of(NameKind kind, std::string_view name, std::string_view target) {
  const auto is_same = [&](std::string_view a, std::string_view b) {
    return kind == NameKind::kFile ? is_end_of_path(a, b) : a == b;
  };
  if (is_same(name, target)) return Match::kAsWritten;
  return is_same(folded(name), folded(target)) ? Match::kInSmallLetters : Match::kNone;
}

}  // namespace

std::string key_of(std::string_view name) {
  name = without_extension(name);
  const auto slash = name.rfind('/');
  return folded(composed(slash == name.npos ? name : name.substr(slash + 1)));
}

bool is_same_name(std::string_view one, std::string_view other) {
  return folded(composed(one)) == folded(composed(other));
}

std::vector<std::string> targets_in(const Json* properties) {
  std::vector<std::string> targets;
  const Json* first = properties != nullptr ? properties->find(kWikiLink) : nullptr;
  if (first == nullptr || !first->is_string()) return targets;
  targets.push_back(first->as_string());
  const Json* others = properties->find(kOtherLinks);
  if (others == nullptr || !others->is_array()) return targets;
  for (const auto& other : others->as_array()) {
    if (other.is_string()) targets.push_back(other.as_string());
  }
  return targets;
}

bool LinkRelations::has(std::string_view target) const {
  return !are_all || std::ranges::any_of(all, [&](const One& one) { return says(one, target); });
}

bool LinkRelations::lead_elsewhere(std::string_view target, const Uuid& note) const {
  const auto id = note.to_string();
  return !are_all || std::ranges::any_of(all, [&](const One& one) {
    return one.from_id != id && says(one, target);
  });
}

bool LinkRelations::is_closed_to(const Uuid& note) const {
  const auto id = note.to_string();
  return std::ranges::any_of(all, [&](const One& one) {
    return one.from_id == id && (!one.is_own || one.targets.size() > kOtherLinksMax);
  });
}

LinkRelations relations_of_links(db::Tx& tx, std::string_view user_id, const Uuid& note) {
  LinkRelations found;
  const auto to_id = note.to_string();
  auto rows = tx.query(
      "SELECT f_fromId, source, data FROM relations_data WHERE user_id = $1 AND f_toId = $2 AND "
      "f_type = $3 LIMIT $4",
      user_id, to_id, kRelationType, kRelationsLookedAt + 1);
  for (std::int64_t looked_at = 0; rows.next(); ++looked_at) {
    if (looked_at == kRelationsLookedAt) {
      found.are_all = false;
      break;
    }
    const auto data = parse_json(rows.view(2));
    const Json* properties = data ? data->find("properties") : nullptr;
    auto targets = targets_in(properties);
    if (targets.empty()) continue;
    found.all.push_back({rows.text(0), std::move(targets),
                         rows.view(1) == events::source_name(events::Source::kSystem)});
  }
  return found;
}

std::vector<std::string> aliases_in(const Json& properties) {
  std::vector<std::string> aliases;
  const auto add = [&](const Json& value) {
    // `aliases: [2024]` of YAML is one.
    if (!value.is_string() && !value.is_integer()) return;
    const auto said = value.is_string() ? value.as_string() : value.dump();
    const auto written = trimmed(said);
    if (written.size() > kComposedToTargetBytesMax) return;
    auto name = composed(written);
    if (name.empty() || name.size() > markdown::kWikiTargetBytesMax ||
        aliases.size() == kAliasesMax || std::ranges::find(aliases, name) != aliases.end()) {
      return;
    }
    aliases.push_back(std::move(name));
  };
  if (!properties.is_object()) return aliases;
  for (const auto& [name, value] : properties.as_object()) {
    if (const auto small = folded(name); small != "aliases" && small != "alias") continue;
    if (!value.is_array()) {
      add(value);
      continue;
    }
    for (const auto& item : value.as_array()) add(item);
  }
  return aliases;
}

std::optional<Uuid> resolve(db::Tx& tx, std::string_view user_id, std::string_view target) {
  const auto written = composed(target);
  target = without_extension(written);
  target = without_way(target);
  const auto key = key_of(target);
  // Less is better.
  using Rank = std::tuple<Match, NameKind, std::ptrdiff_t, std::size_t>;
  std::optional<Rank> best;
  std::optional<Uuid> found;
  auto rows = tx.query(
      "SELECT entity, kind, name FROM note_names_data WHERE user_id = $1 AND key = $2 "
      "ORDER BY entity LIMIT $3",
      user_id, key, kCandidatesMax);
  while (rows.next()) {
    const auto kind = kind_of(rows.view(1));
    const bool is_file = kind == NameKind::kFile;
    const auto path = rows.text(2);
    const auto name = is_file ? without_extension(path) : std::string_view(path);
    const auto match = match_of(kind, name, target);
    if (match == Match::kNone) continue;
    const Rank rank{match, kind, is_file ? std::ranges::count(path, '/') : 0,
                    is_file ? path.size() : 0};
    if (best && *best <= rank) continue;
    best = rank;
    found = rows.uuid(0);
  }
  return found;
}

}  // namespace synap::features::links
