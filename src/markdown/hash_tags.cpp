#include "markdown/hash_tags.h"

#include <md4c.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "base/text.h"
#include "markdown/bounds.h"
#include "markdown/html.h"

namespace synap::markdown {
namespace {

// What joins the signs of which some emoji are made.
constexpr UChar32 kJoiner = 0x200d;

// Letters, digits, marks and signs; of ASCII no sign.
bool is_of_name(UChar32 c) {
  if (c < 0) return false;
  if (c < 0x80) return u_isalnum(c) != 0 || c == '_' || c == '-' || c == '/';
  return u_isalnum(c) != 0 || c == kJoiner ||
         (U_MASK(u_charType(c)) & (U_GC_M_MASK | U_GC_SO_MASK | U_GC_SK_MASK)) != 0;
}

template <class Take>
void each_character(std::string_view text, Take take) {
  const auto size = static_cast<int32_t>(text.size());
  for (int32_t at = 0; at < size;) {
    UChar32 c = 0;
    U8_NEXT(text.data(), at, size, c);
    if (!take(c, static_cast<std::size_t>(at))) return;
  }
}

bool is_name(std::string_view name) {
  if (name.starts_with('/')) return false;
  std::size_t characters = 0;
  bool has_letter_or_sign = false;
  each_character(name, [&](UChar32 c, std::size_t) {
    const bool is_mark = c == '_' || c == '-' || c == '/';
    has_letter_or_sign = has_letter_or_sign || !(is_mark || u_isdigit(c) != 0);
    return ++characters <= kHashTagCharactersMax;
  });
  return has_letter_or_sign && characters <= kHashTagCharactersMax;
}

// The name that a text begins with, "/" at its end left out; empty: it begins with none.
std::string_view name_in(std::string_view text) {
  std::size_t end = 0;
  each_character(text, [&](UChar32 c, std::size_t behind) {
    if (!is_of_name(c)) return false;
    end = behind;
    return true;
  });
  auto name = text.substr(0, end);
  while (name.ends_with('/')) name.remove_suffix(1);
  return is_name(name) ? name : std::string_view();
}

// In NFC, or as it is where that has too many characters.
std::string form_of(std::string_view name) {
  auto form = composed(name);
  return is_name(form) ? form : std::string(name);
}

// Behind these a "#" is a part of what is before it.
bool goes_on(UChar32 c) {
  return is_of_name(c) || c == '#' || c == '&' || c == '\\' || c == '.' || c == '=' || c == '?' ||
         c == '@';
}

// Gathers the runs of words as they stand in the text: md4c tells one in several parts.
class Finder {
 public:
  using Take = std::function<void(std::size_t at, std::string_view name)>;
  Finder(std::string_view text, const Take& take) : text_(text), take_(take) {}

  void enter() { ++closed_; }
  void leave() { --closed_; }
  void add(const char* from, std::size_t size) {
    const std::less<> before;
    const char* end = text_.data() + text_.size();
    const bool is_of_text = !before(from, text_.data()) && before(from, end);
    const auto at = is_of_text ? static_cast<std::size_t>(from - text_.data()) : text_.size();
    if (closed_ > 0 || !is_of_text || at != end_) look();
    if (closed_ > 0 || !is_of_text) return;
    if (begin_ == end_) begin_ = at;
    end_ = at + size;
  }
  /// At the end of each run: finds what is in it.
  void look() {
    const auto run = text_.substr(begin_, end_ - begin_);
    for (auto at = run.find('#'); at != run.npos; at = run.find('#', at + 1)) {
      const auto name = name_in(run.substr(at + 1));
      if (!name.empty() && may_begin(run, at)) take_(begin_ + at, name);
    }
    begin_ = end_ = text_.size();
  }

 private:
  bool may_begin(std::string_view run, std::size_t at) const {
    // Before a run there is a mark of Markdown, or a backslash, that took the "#" back.
    if (at == 0) return begin_ == 0 || text_[begin_ - 1] != '\\';
    auto place = static_cast<int32_t>(at);
    UChar32 c = 0;
    U8_PREV(run.data(), 0, place, c);
    // HTML is text here: href="#top" is no tag for that.
    const bool is_quoted = c == '"' || c == '\'';
    return !goes_on(c) &&
           !(is_quoted && place > 0 && run[static_cast<std::size_t>(place) - 1] == '=');
  }

  std::string_view text_;
  const Take& take_;
  int closed_ = 0;  // links and the like, whose words are theirs
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

bool may_have_tags(std::string_view text) {
  for (auto at = text.find('#'); at != text.npos; at = text.find('#', at + 1)) {
    if (!name_in(text.substr(at + 1, 4 * (kHashTagCharactersMax + 2))).empty()) return true;
  }
  return false;
}

std::string_view beginning(std::string_view text) {
  if (text.size() <= kTextBytesMax) return text;
  // A part of the last line could be something else than the whole.
  return text.substr(0, text.substr(0, kTextBytesMax).rfind('\n') + 1);
}

bool is_closed(MD_SPANTYPE type) {
  return type == MD_SPAN_A || type == MD_SPAN_IMG || type == MD_SPAN_WIKILINK ||
         type == MD_SPAN_CODE;
}

void find(std::string_view text, const Finder::Take& take) {
  text = beginning(text);
  if (!may_have_tags(text) || !is_readable(text)) return;
  Finder finder(text, take);
  MD_PARSER parser{};
  // As to_html() reads it.
  parser.flags = MD_DIALECT_GITHUB | MD_FLAG_NOHTML | MD_FLAG_WIKILINKS;
  parser.enter_block = [](MD_BLOCKTYPE, void*, void* to) {
    static_cast<Finder*>(to)->look();
    return 0;
  };
  parser.leave_block = parser.enter_block;
  parser.enter_span = [](MD_SPANTYPE type, void*, void* to) {
    if (is_closed(type)) static_cast<Finder*>(to)->enter();
    return 0;
  };
  parser.leave_span = [](MD_SPANTYPE type, void*, void* to) {
    if (is_closed(type)) static_cast<Finder*>(to)->leave();
    return 0;
  };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* from, MD_SIZE size, void* to) {
    if (type == MD_TEXT_NORMAL) {
      static_cast<Finder*>(to)->add(from, size);
    } else {
      static_cast<Finder*>(to)->look();
    }
    return 0;
  };
  md_parse(text.data(), static_cast<MD_SIZE>(text.size()), &parser, &finder);
  finder.look();
}

}  // namespace

bool is_hash_tag(std::string_view name) {
  return !name.empty() && name_in(name).size() == name.size();
}

std::vector<std::string> hash_tags(std::string_view text) {
  std::vector<std::string> tags;
  find(text, [&](std::size_t, std::string_view written) {
    auto name = form_of(written);
    if (tags.size() < kHashTagsMax && std::ranges::find(tags, name) == tags.end()) {
      tags.push_back(std::move(name));
    }
  });
  return tags;
}

namespace {

std::string renamed_once(std::string_view text, std::string_view tag, std::string_view to) {
  std::string renamed;
  std::size_t done = 0;
  find(text, [&](std::size_t at, std::string_view name) {
    if (form_of(name) != tag) return;
    renamed += text.substr(done, at - done);
    if (is_hash_tag(to)) {
      renamed += '#';
      renamed += to;
    } else {
      renamed += name;
    }
    done = at + 1 + name.size();
  });
  renamed += text.substr(done);
  return renamed;
}

}  // namespace

std::string with_tag_renamed(std::string_view text, std::string_view tag, std::string_view to) {
  // Of the longest text that is stored.
  constexpr int kRoundsMax = 200;
  const auto name = form_of(tag);
  auto renamed = renamed_once(text, name, to);
  auto before = text.size();
  for (int i = 1; i < kRoundsMax && before > kTextBytesMax && renamed.size() < before; ++i) {
    before = renamed.size();
    renamed = renamed_once(renamed, name, to);
  }
  return renamed;
}

}  // namespace synap::markdown
