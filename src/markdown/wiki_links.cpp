#include "markdown/wiki_links.h"

#include <fmt/format.h>
#include <md4c.h>

#include <algorithm>
#include <functional>
#include <map>

#include "markdown/bounds.h"
#include "markdown/html.h"

namespace synap::markdown {
namespace {

constexpr std::size_t kBytesBeside = 100;  // of the words on each side of a link

bool is_inside_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(' ');
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// Without heading. In a table the bar is written with a backslash, and is a part of it for md4c.
std::string_view target_of(std::string_view written) {
  return trimmed(written.substr(0, written.find_first_of("#|")));
}

std::string_view heading_of(std::string_view written) {
  written = written.substr(0, written.find('|'));
  const auto mark = written.find('#');
  return mark == written.npos ? std::string_view() : trimmed(written.substr(mark + 1));
}

// md4c knows pictures only by their address: to it ![[Title]] is neither one nor a link.
std::string with_embedded_as_links(std::string_view text) {
  std::string links(text);
  for (auto at = links.find("![["); at != links.npos; at = links.find("![[", at)) links[at] = ' ';
  return links;
}

// What is next to words.substr(begin, end - begin), cut between words where there are some.
std::string around(std::string_view words, std::size_t begin, std::size_t end) {
  auto from = begin > kBytesBeside ? begin - kBytesBeside : 0;
  if (from > 0) {
    const auto space = words.substr(from, begin - from).find(' ');
    if (space != words.npos) from += space + 1;
    while (from < begin && is_inside_character(words[from])) ++from;
  }
  auto to = std::min(end + kBytesBeside, words.size());
  if (to < words.size()) {
    const auto space = words.substr(end, to - end).rfind(' ');
    if (space != words.npos) to = end + space;
    while (to > end && is_inside_character(words[to])) --to;
  }
  std::string text = from > 0 ? "…" : "";
  text += trimmed(words.substr(from, to - from));
  if (to < words.size()) text += "…";
  return text;
}

// Gathers the words of a block, and where links are among them.
class Finder {
 public:
  void end_block() {
    for (const auto& [begin, end, target, heading] : open_) {
      const auto [known, is_new] = known_.try_emplace(target, found_.size());
      if (is_new && found_.size() < kWikiLinksMax) {
        found_.push_back({target, heading, around(words_, begin, std::min(end, words_.size()))});
      } else if (!is_new && known->second < found_.size() &&
                 found_[known->second].heading.empty()) {
        found_[known->second].heading = heading;
      }
    }
    open_.clear();
    words_.clear();
  }
  void begin_link(const MD_SPAN_WIKILINK_DETAIL& link) {
    const std::string_view written(link.target.text, link.target.size);
    const auto target = target_of(written);
    is_in_link_ = !target.empty();
    if (!is_in_link_) return;
    open_.push_back(
        {words_.size(), words_.size(), std::string(target), std::string(heading_of(written))});
  }
  void end_link() {
    if (!is_in_link_) return;
    // What a link shows may be longer than anybody reads beside it.
    auto& link = open_.back();
    link.end = std::min(words_.size(), link.begin + kBytesBeside / 2);
    is_in_link_ = false;
  }
  // Blanks and control characters are one blank: the words are shown on one line.
  void add(std::string_view text) {
    for (const char c : text) {
      const bool is_blank = static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
      if (!is_blank) {
        words_ += c;
      } else if (!words_.empty() && words_.back() != ' ') {
        words_ += ' ';
      }
    }
  }
  std::vector<WikiLink> take() { return std::move(found_); }

 private:
  struct Open {
    std::size_t begin;
    std::size_t end;
    std::string target;
    std::string heading;
  };
  std::string words_;
  std::vector<Open> open_;
  bool is_in_link_ = false;
  std::map<std::string, std::size_t> known_;  // targets, and where in found_
  std::vector<WikiLink> found_;
};

// The parser calls enter_block, leave_block, enter_span, leave_span and text with `to`.
MD_PARSER parser_of_links() {
  MD_PARSER parser{};
  // As to_html() reads it, but that bare links are of no use here.
  parser.flags = ((MD_DIALECT_GITHUB | MD_FLAG_NOHTML) & ~unsigned{MD_FLAG_PERMISSIVEAUTOLINKS}) |
                 MD_FLAG_WIKILINKS;
  return parser;
}

std::string_view readable_beginning(std::string_view text) {
  if (text.size() > kTextBytesMax) {
    // A part of the last line could be something else than the whole.
    text = text.substr(0, text.substr(0, kTextBytesMax).rfind('\n') + 1);
  }
  if (text.find("[[") == text.npos || !is_readable(text)) return {};
  return text;
}

// Finds where the targets of links are in a text: md4c tells where their words are.
class Places {
 public:
  struct Place {
    std::size_t at;
    std::size_t size;
  };
  Places(std::string_view text, const std::vector<std::string>& targets)
      : text_(text), targets_(targets) {}

  void begin_link(const MD_SPAN_WIKILINK_DETAIL& link) {
    const auto target = target_of({link.target.text, link.target.size});
    if (std::ranges::find(targets_, target) != targets_.end()) sought_ = target;
  }
  void end_link() { sought_.clear(); }
  void add(const char* words) {
    const std::less<> before;
    if (sought_.empty() || before(words, text_.data()) ||
        !before(words, text_.data() + text_.size())) {
      return;
    }
    const auto open = text_.rfind("[[", static_cast<std::size_t>(words - text_.data()));
    if (open == text_.npos) return;
    const auto at = text_.find_first_not_of(' ', open + 2);
    if (text_.substr(at, sought_.size()) == sought_) found_.push_back({at, sought_.size()});
    sought_.clear();
  }
  const std::vector<Place>& found() const { return found_; }

 private:
  std::string_view text_;
  const std::vector<std::string>& targets_;
  std::string sought_;  // of the link that is open, until its place is found
  std::vector<Place> found_;
};

std::vector<Places::Place> places_of(std::string_view text,
                                     const std::vector<std::string>& targets) {
  const auto read = with_embedded_as_links(text);
  Places places(read, targets);
  auto parser = parser_of_links();
  parser.enter_block = [](MD_BLOCKTYPE, void*, void*) { return 0; };
  parser.leave_block = parser.enter_block;
  parser.enter_span = [](MD_SPANTYPE type, void* detail, void* to) {
    if (type == MD_SPAN_WIKILINK) {
      static_cast<Places*>(to)->begin_link(*static_cast<MD_SPAN_WIKILINK_DETAIL*>(detail));
    }
    return 0;
  };
  parser.leave_span = [](MD_SPANTYPE type, void*, void* to) {
    if (type == MD_SPAN_WIKILINK) static_cast<Places*>(to)->end_link();
    return 0;
  };
  parser.text = [](MD_TEXTTYPE, const MD_CHAR* from, MD_SIZE, void* to) {
    static_cast<Places*>(to)->add(from);
    return 0;
  };
  md_parse(read.data(), static_cast<MD_SIZE>(read.size()), &parser, &places);
  return places.found();
}

// How many links lead to each target. All of them: what is seen of the first kWikiLinksMax alone
// would be another part of the text where two targets become one.
using Counts = std::map<std::string, std::size_t, std::less<>>;
Counts links_in(std::string_view text) {
  Counts counts;
  auto parser = parser_of_links();
  parser.enter_block = [](MD_BLOCKTYPE, void*, void*) { return 0; };
  parser.leave_block = parser.enter_block;
  parser.enter_span = [](MD_SPANTYPE type, void* detail, void* to) {
    if (type != MD_SPAN_WIKILINK) return 0;
    const auto& written = static_cast<MD_SPAN_WIKILINK_DETAIL*>(detail)->target;
    const auto target = target_of({written.text, written.size});
    if (!target.empty()) ++(*static_cast<Counts*>(to))[std::string(target)];
    return 0;
  };
  parser.leave_span = [](MD_SPANTYPE, void*, void*) { return 0; };
  parser.text = [](MD_TEXTTYPE, const MD_CHAR*, MD_SIZE, void*) { return 0; };
  const auto read = with_embedded_as_links(readable_beginning(text));
  md_parse(read.data(), static_cast<MD_SIZE>(read.size()), &parser, &counts);
  return counts;
}

}  // namespace

std::vector<WikiLink> wiki_links(std::string_view text) {
  text = readable_beginning(text);
  if (text.empty()) return {};
  Finder finder;
  auto parser = parser_of_links();
  parser.enter_block = [](MD_BLOCKTYPE, void*, void* to) {
    static_cast<Finder*>(to)->end_block();
    return 0;
  };
  parser.leave_block = parser.enter_block;
  parser.enter_span = [](MD_SPANTYPE type, void* detail, void* to) {
    if (type == MD_SPAN_WIKILINK) {
      static_cast<Finder*>(to)->begin_link(*static_cast<MD_SPAN_WIKILINK_DETAIL*>(detail));
    }
    return 0;
  };
  parser.leave_span = [](MD_SPANTYPE type, void*, void* to) {
    if (type == MD_SPAN_WIKILINK) static_cast<Finder*>(to)->end_link();
    return 0;
  };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* from, MD_SIZE size, void* to) {
    const bool is_break = type == MD_TEXT_BR || type == MD_TEXT_SOFTBR;
    static_cast<Finder*>(to)->add(is_break ? std::string_view(" ") : std::string_view(from, size));
    return 0;
  };
  const auto read = with_embedded_as_links(text);
  md_parse(read.data(), static_cast<MD_SIZE>(read.size()), &parser, &finder);
  return finder.take();
}

bool is_wiki_target(std::string_view name) {
  const auto links = wiki_links(fmt::format("[[{}]]", name));
  return links.size() == 1 && links[0].target == name;
}

std::string with_links_renamed(std::string_view text, const std::vector<std::string>& targets,
                               std::string_view to) {
  std::string renamed;
  std::size_t done = 0;
  const auto beginning = readable_beginning(text);
  if (beginning.empty()) return std::string(text);
  for (const auto& [at, size] : places_of(beginning, targets)) {
    renamed += text.substr(done, at - done);
    renamed += to;
    done = at + size;
  }
  renamed += text.substr(done);
  // A mark of Markdown in the new name may mean something beside what the text has.
  const auto before = links_in(text);
  Counts wanted;
  for (const auto& [target, links] : before) {
    const bool is_sought = std::ranges::find(targets, target) != targets.end();
    wanted[is_sought ? std::string(to) : target] += links;
  }
  const auto got = links_in(renamed);
  // Of a long text another part is looked at then.
  const bool is_whole = std::max(text.size(), renamed.size()) < kTextBytesMax;
  return is_whole ? (got == wanted ? renamed : std::string(text))
                  : (got.contains(to) ? renamed : std::string(text));
}

}  // namespace synap::markdown
