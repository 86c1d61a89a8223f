#include "markdown/html.h"

#include <fmt/format.h>
#include <md4c.h>

#include <algorithm>
#include <array>

#include "markdown/bounds.h"

namespace synap::markdown {
namespace {

constexpr std::size_t kGrowthMax = 16;
constexpr std::size_t kSmall = 4'096;
// A bare link is looked for from each of its beginnings to the end of its word.
constexpr std::size_t kWordWithLinksMax = 2'048;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool begins_with(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::ranges::equal(text.substr(0, prefix.size()), prefix, {}, lower);
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\0':
        out += "\xEF\xBF\xBD";
        break;
      default:
        out += c;
    }
  }
}

bool is_of_language(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
         std::string_view("_+#.-").find(c) != std::string_view::npos;
}

// What md4c takes for an entity has nothing in it but letters, digits and '#'.
void append_attribute(std::string& out, const MD_ATTRIBUTE& attribute) {
  for (unsigned i = 0; attribute.size > 0 && attribute.substr_offsets[i] < attribute.size; ++i) {
    const auto begin = attribute.substr_offsets[i];
    const std::string_view part(attribute.text + begin, attribute.substr_offsets[i + 1] - begin);
    if (attribute.substr_types[i] == MD_TEXT_ENTITY) {
      out += part;
    } else {
      append_escaped(out, part);
    }
  }
}

// Whether a URL begins with one of these as it is written: an entity there is taken for none.
bool has_scheme(const MD_ATTRIBUTE& url, std::initializer_list<std::string_view> schemes) {
  if (url.size == 0 || url.substr_types[0] != MD_TEXT_NORMAL) return false;
  const std::string_view first(url.text, url.substr_offsets[1]);
  return std::ranges::any_of(schemes, [&](auto scheme) { return begins_with(first, scheme); });
}

bool is_link(const MD_ATTRIBUTE& url) {
  return has_scheme(url, {"https://", "http://", "mailto:"});
}

// No SVG: it may have scripts and links of its own.
bool is_own_picture(const MD_ATTRIBUTE& url) {
  return has_scheme(url, {"data:image/png;base64,", "data:image/jpeg;base64,",
                          "data:image/gif;base64,", "data:image/webp;base64,"});
}

// Writes HTML as md4c tells what it finds.
class Writer {
 public:
  explicit Writer(std::size_t text_bytes) : bytes_max_(std::max(text_bytes, kSmall) * kGrowthMax) {}

  std::string take() { return std::move(out_); }
  bool is_too_large() const { return out_.size() > bytes_max_; }

  int enter(MD_BLOCKTYPE type, void* detail) {
    switch (type) {
      case MD_BLOCK_DOC:
        break;
      case MD_BLOCK_OL:
        begin_ordered(*static_cast<MD_BLOCK_OL_DETAIL*>(detail));
        break;
      case MD_BLOCK_LI:
        begin_item(*static_cast<MD_BLOCK_LI_DETAIL*>(detail));
        break;
      case MD_BLOCK_HR:
        out_ += "<hr>\n";
        break;
      case MD_BLOCK_CODE:
        begin_code(*static_cast<MD_BLOCK_CODE_DETAIL*>(detail));
        break;
      case MD_BLOCK_TH:
      case MD_BLOCK_TD:
        begin_cell(type, *static_cast<MD_BLOCK_TD_DETAIL*>(detail));
        break;
      default:
        out_ += fmt::format("<{}>", name_of(type, detail));
    }
    return is_too_large() ? 1 : 0;
  }

  int leave(MD_BLOCKTYPE type, void* detail) {
    switch (type) {
      case MD_BLOCK_DOC:
      case MD_BLOCK_HR:
        break;
      case MD_BLOCK_CODE:
        out_ += "</code></pre>\n";
        break;
      default:
        out_ += fmt::format("</{}>\n", name_of(type, detail));
    }
    return is_too_large() ? 1 : 0;
  }

  int enter(MD_SPANTYPE type, void* detail) {
    if (type == MD_SPAN_IMG) {
      begin_picture(*static_cast<MD_SPAN_IMG_DETAIL*>(detail));
    } else if (type == MD_SPAN_A) {
      const auto& link = *static_cast<MD_SPAN_A_DETAIL*>(detail);
      begin_link(link.href, link.title);
      if (pictures_ == 0 && ++links_ == 1) words_of_link_ = out_.size();
    } else if (pictures_ == 0) {
      out_ += fmt::format("<{}>", name_of(type));
    }
    return is_too_large() ? 1 : 0;
  }

  int leave(MD_SPANTYPE type, void* detail) {
    if (type == MD_SPAN_IMG) {
      end_picture(*static_cast<MD_SPAN_IMG_DETAIL*>(detail));
    } else if (pictures_ == 0 && type == MD_SPAN_A) {
      const auto& url = static_cast<MD_SPAN_A_DETAIL*>(detail)->href;
      // One without words, as of a picture that says nothing, still says where it leads.
      if (--links_ == 0 && out_.size() == words_of_link_) append_attribute(out_, url);
      out_ += end_of_link(url);
    } else if (pictures_ == 0) {
      out_ += fmt::format("</{}>", name_of(type));
    }
    return is_too_large() ? 1 : 0;
  }

  int text(MD_TEXTTYPE type, std::string_view text) {
    switch (type) {
      case MD_TEXT_BR:
        out_ += pictures_ > 0 ? " " : "<br>\n";
        break;
      case MD_TEXT_SOFTBR:
        out_ += '\n';
        break;
      case MD_TEXT_ENTITY:
        out_ += text;
        break;
      case MD_TEXT_NULLCHAR:
        append_escaped(out_, std::string_view("\0", 1));
        break;
      default:
        append_escaped(out_, text);
    }
    return is_too_large() ? 1 : 0;
  }

 private:
  static std::string_view name_of(MD_BLOCKTYPE type, void* detail) {
    static constexpr std::array<std::string_view, 6> kHeadings = {"h1", "h2", "h3",
                                                                  "h4", "h5", "h6"};
    switch (type) {
      case MD_BLOCK_QUOTE:
        return "blockquote";
      case MD_BLOCK_UL:
        return "ul";
      case MD_BLOCK_OL:
        return "ol";
      case MD_BLOCK_LI:
        return "li";
      case MD_BLOCK_H:
        return kHeadings.at(static_cast<MD_BLOCK_H_DETAIL*>(detail)->level - 1);
      case MD_BLOCK_TABLE:
        return "table";
      case MD_BLOCK_THEAD:
        return "thead";
      case MD_BLOCK_TBODY:
        return "tbody";
      case MD_BLOCK_TR:
        return "tr";
      case MD_BLOCK_TH:
        return "th";
      case MD_BLOCK_TD:
        return "td";
      default:
        return "p";
    }
  }

  static std::string_view name_of(MD_SPANTYPE type) {
    switch (type) {
      case MD_SPAN_EM:
        return "em";
      case MD_SPAN_STRONG:
        return "strong";
      case MD_SPAN_DEL:
        return "del";
      default:
        return "code";
    }
  }

  void begin_ordered(const MD_BLOCK_OL_DETAIL& list) {
    out_ += list.start == 1 ? "<ol>\n" : fmt::format("<ol start=\"{}\">\n", list.start);
  }

  void begin_item(const MD_BLOCK_LI_DETAIL& item) {
    out_ += "<li>";
    if (!item.is_task) return;
    out_ += item.task_mark == ' ' ? "<input type=\"checkbox\" disabled> "
                                  : "<input type=\"checkbox\" disabled checked> ";
  }

  // A class of the text's choice would be any class of the page: an entity can be a blank.
  void begin_code(const MD_BLOCK_CODE_DETAIL& code) {
    const std::string_view language(code.lang.text, code.lang.size);
    out_ += "<pre><code";
    if (!language.empty() && std::ranges::all_of(language, is_of_language)) {
      out_ += fmt::format(" class=\"language-{}\"", language);
    }
    out_ += '>';
  }

  void begin_cell(MD_BLOCKTYPE type, const MD_BLOCK_TD_DETAIL& cell) {
    static constexpr std::array<std::string_view, 4> kClasses = {
        "", " class=\"left\"", " class=\"center\"", " class=\"right\""};
    out_ += fmt::format("<{}{}>", type == MD_BLOCK_TH ? "th" : "td", kClasses.at(cell.align));
  }

  void begin_link(const MD_ATTRIBUTE& url, const MD_ATTRIBUTE& title) {
    if (pictures_ > 0) return;
    if (is_link(url)) {
      out_ += "<a rel=\"noopener noreferrer nofollow\" target=\"_blank\" href=\"";
      append_attribute(out_, url);
    } else {
      // Where it would go is told and not gone to.
      out_ += "<span class=\"no-link\" title=\"";
      append_attribute(out_, url);
      out_ += "\">";
      return;
    }
    if (title.size > 0) {
      out_ += "\" title=\"";
      append_attribute(out_, title);
    }
    out_ += "\">";
  }

  static std::string end_of_link(const MD_ATTRIBUTE& url) {
    return is_link(url) ? "</a>" : "</span>";
  }

  // Between begin and end stands what is said of the picture, whose marks are left out.
  void begin_picture(const MD_SPAN_IMG_DETAIL& picture) {
    if (pictures_++ > 0) return;
    if (is_own_picture(picture.src)) {
      out_ += "<img src=\"";
      append_attribute(out_, picture.src);
      out_ += "\" alt=\"";
      return;
    }
    // Within a link it is that link's words: there are no links in links.
    if (links_ > 0) return;
    pictures_ = 0;
    begin_link(picture.src, picture.title);
    pictures_ = 1;
  }

  void end_picture(const MD_SPAN_IMG_DETAIL& picture) {
    if (--pictures_ > 0) return;
    if (is_own_picture(picture.src)) {
      out_ += "\">";
    } else if (links_ == 0) {
      out_ += end_of_link(picture.src);
    }
  }

  std::string out_;
  const std::size_t bytes_max_;
  int pictures_ = 0;               // that are open, one in what is said of another
  int links_ = 0;                  // the same
  std::size_t words_of_link_ = 0;  // where they begin
};

}  // namespace

Result<std::string> to_html(std::string_view text) {
  if (text.size() > kTextBytesMax) {
    return fail(Code::kPayloadTooLarge,
                fmt::format("Markdown is shown up to {} bytes", kTextBytesMax));
  }
  if (!is_readable(text)) {
    return fail(Code::kPayloadTooLarge,
                fmt::format("A line opens more than {} lists and quotes", kContainersMax));
  }
  Writer writer(text.size());
  MD_PARSER parser{};
  parser.flags = MD_DIALECT_GITHUB | MD_FLAG_NOHTML;
  const bool has_words_for_links = all_between(
      text, " \t\n\r", [](std::string_view word) { return word.size() <= kWordWithLinksMax; });
  if (!has_words_for_links) parser.flags &= ~unsigned{MD_FLAG_PERMISSIVEAUTOLINKS};
  parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* to) {
    return static_cast<Writer*>(to)->enter(type, detail);
  };
  parser.leave_block = [](MD_BLOCKTYPE type, void* detail, void* to) {
    return static_cast<Writer*>(to)->leave(type, detail);
  };
  parser.enter_span = [](MD_SPANTYPE type, void* detail, void* to) {
    return static_cast<Writer*>(to)->enter(type, detail);
  };
  parser.leave_span = [](MD_SPANTYPE type, void* detail, void* to) {
    return static_cast<Writer*>(to)->leave(type, detail);
  };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* from, MD_SIZE size, void* to) {
    return static_cast<Writer*>(to)->text(type, {from, size});
  };
  const int ended = md_parse(text.data(), static_cast<MD_SIZE>(text.size()), &parser, &writer);
  if (writer.is_too_large()) {
    return fail(Code::kPayloadTooLarge, "The text comes to too much HTML to be shown");
  }
  if (ended != 0) return fail(Code::kInternalServerError, "The text could not be read as Markdown");
  return writer.take();
}

}  // namespace synap::markdown
