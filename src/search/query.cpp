#include "search/query.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"

namespace synap::search {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

class Parser {
 public:
  Parser(std::string_view text, std::span<const std::string> fields)
      : text_(text), fields_(fields) {}

  Result<std::vector<Item>> run() {
    while (true) {
      while (at_ < text_.size() && is_space(text_[at_])) ++at_;
      if (at_ == text_.size()) break;
      if (items_.size() == kItemsMax) {
        return fail(wrong_at(text_, at_, fmt::format("more than {} words", kItemsMax)));
      }
      if (auto done = take_item(); !done) return fail(done.error());
    }
    if (items_.empty()) return fail(wrong_at(text_, 0, "there is no word to look for"));
    const bool is_all_excluded =
        std::ranges::all_of(items_, [](const Item& item) { return item.is_excluded; });
    if (is_all_excluded) {
      return fail(wrong_at(text_, items_.front().place,
                           "it says only what must not be there; say what is looked for, too"));
    }
    return std::move(items_);
  }

 private:
  char here() const { return at_ < text_.size() ? text_[at_] : ' '; }

  Result<> take_item() {
    Item item{.place = at_};
    // A minus alone stands between words.
    if (here() == '-') {
      ++at_;
      if (is_space(here())) return {};
      item.is_excluded = true;
    }
    take_field(item);
    const bool is_scoped = !item.field.empty() || item.scope != Item::Scope::kAll;
    if (here() == '"') return take_phrase(std::move(item));
    const auto begin = at_;
    while (at_ < text_.size() && !is_space(text_[at_]) && text_[at_] != '"') ++at_;
    auto word = text_.substr(begin, at_ - begin);
    if (word.empty() && is_scoped) return fail(wrong_at(text_, at_, "a word is missing here"));
    const auto last = word.find_last_not_of('*');
    if (item.kind != Item::Kind::kFilter && last != word.npos && last + 1 < word.size()) {
      if (++prefixes_ > kPrefixesMax) {
        return fail(
            wrong_at(text_, item.place, fmt::format("more than {} words have a *", kPrefixesMax)));
      }
      item.kind = Item::Kind::kPrefix;
      word = word.substr(0, last + 1);
    }
    if (word.empty()) return {};
    item.text = word;
    items_.push_back(std::move(item));
    return {};
  }

  // "title:", "tag:", "status:" before a word.
  void take_field(Item& item) {
    const auto end = text_.find_first_of(": \t\r\n\"", at_);
    if (end == text_.npos || text_[end] != ':') return;
    const auto name = text_.substr(at_, end - at_);
    if (name == "title") {
      item.scope = Item::Scope::kTitle;
    } else if (name == "text") {
      item.scope = Item::Scope::kText;
    } else if (std::ranges::find(fields_, name) != fields_.end()) {
      item.kind = Item::Kind::kFilter;
      item.field = name;
    } else {
      return;
    }
    at_ = end + 1;
  }

  Result<> take_phrase(Item item) {
    const auto open = at_++;
    const auto close = text_.find('"', at_);
    if (close == text_.npos) {
      return fail(wrong_at(text_, open, "this quotation mark has no other that closes it"));
    }
    item.text = text_.substr(at_, close - at_);
    if (item.text.find_first_not_of(" \t\r\n") == item.text.npos) {
      return fail(wrong_at(text_, open, "there is nothing between these quotation marks"));
    }
    at_ = close + 1;
    if (item.kind != Item::Kind::kFilter) item.kind = Item::Kind::kPhrase;
    items_.push_back(std::move(item));
    return {};
  }

  std::string_view text_;
  std::span<const std::string> fields_;
  std::size_t at_ = 0;
  std::size_t prefixes_ = 0;
  std::vector<Item> items_;
};

}  // namespace

Error wrong_at(std::string_view text, std::size_t place, std::string_view what) {
  const auto position = characters_in(text.substr(0, place));
  return {Code::kBadRequest, fmt::format("q, character {}: {}", position + 1, what),
          std::make_shared<Json>(Json::object(
              {{"reason", "SEARCH_SYNTAX"}, {"position", static_cast<std::int64_t>(position)}}))};
}

Result<std::vector<Item>> parse_query(std::string_view text, std::span<const std::string> fields) {
  return Parser(text, fields).run();
}

std::string meant_text(std::span<const Item> items) {
  std::string text;
  for (const auto& item : items) {
    if (item.is_excluded || item.kind == Item::Kind::kFilter) continue;
    text += (text.empty() ? "" : " ") + item.text;
  }
  return text;
}

}  // namespace synap::search
