#include "models/secrets.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace synap::models {
namespace {

constexpr std::string_view kMark = "[left out: a secret]";

bool is_letter_or_digit(char one) {
  return std::isalnum(static_cast<unsigned char>(one)) != 0;
}
bool is_of_token(char one) {
  return is_letter_or_digit(one) || one == '_' || one == '-';
}
bool is_digit(char one) {
  return std::isdigit(static_cast<unsigned char>(one)) != 0;
}
bool is_capital_or_digit(char one) {
  return is_digit(one) || std::isupper(static_cast<unsigned char>(one)) != 0;
}

struct Form {
  std::string_view prefix;
  std::size_t shortest;  // of what stands behind it
};
constexpr auto kForms =
    std::to_array<Form>({{"synap_session_", 32}, {"synap_link_", 32}, {"synap_", 32},
                         {"sk_live_", 16},       {"sk_test_", 16},    {"rk_live_", 16},
                         {"rk_test_", 16},       {"whsec_", 16},      {"ghp_", 30},
                         {"gho_", 30},           {"ghu_", 30},        {"ghs_", 30},
                         {"ghr_", 30},           {"github_pat_", 22}, {"glpat-", 20},
                         {"xoxa-", 16},          {"xoxb-", 16},       {"xoxp-", 16},
                         {"xoxr-", 16},          {"xoxs-", 16},       {"AIza", 35}});

// Words joined by hyphens are none ("sk-fading-circle"): keys have a long part without one.
bool is_provider_key(std::string_view token) {
  constexpr std::string_view kPrefix = "sk-";
  constexpr std::size_t kPart = 16;
  if (!token.starts_with(kPrefix)) return false;
  std::size_t length = 0;
  bool has_digit = false;
  for (const char one : token.substr(kPrefix.size())) {
    if (one == '-') {
      length = 0;
      has_digit = false;
      continue;
    }
    ++length;
    has_digit = has_digit || is_digit(one);
    if (length >= kPart && has_digit) return true;
  }
  return false;
}

bool is_aws_key(std::string_view token) {
  token = token.substr(0, token.find_last_not_of("_-") + 1);
  constexpr std::size_t kLength = 20;
  return token.size() == kLength && (token.starts_with("AKIA") || token.starts_with("ASIA")) &&
         std::ranges::all_of(token, is_capital_or_digit);
}

// A sixth of it digits or capitals: of what is drawn at random more than half are, of names that
// people write ("synap_notes_of_the_year_2026_and_before") fewer.
bool is_random(std::string_view text) {
  constexpr std::size_t kShare = 6;
  const auto count = static_cast<std::size_t>(std::ranges::count_if(text, is_capital_or_digit));
  return count * kShare >= text.size();
}

bool is_secret(std::string_view token) {
  const bool is_of_form = std::ranges::any_of(kForms, [token](const Form& form) {
    return token.starts_with(form.prefix) && token.size() >= form.prefix.size() + form.shortest &&
           is_random(token.substr(form.prefix.size()));
  });
  return is_of_form || is_provider_key(token) || is_aws_key(token);
}

// What JSON writes a character as, from the letter behind the backslash on: "n", "u000a". 0: this
// is none.
std::size_t size_of_escape(std::string_view text) {
  constexpr std::size_t kUnicode = 5;
  if (text.empty()) return 0;
  if (text[0] != 'u') return std::string_view("nrtbf\"/").contains(text[0]) ? 1 : 0;
  const auto digits = text.substr(1, kUnicode - 1);
  const bool is_whole = digits.size() == kUnicode - 1 && std::ranges::all_of(digits, [](char one) {
                          return std::isxdigit(static_cast<unsigned char>(one)) != 0;
                        });
  return is_whole ? kUnicode : 0;
}

// A private key in PEM (RFC 7468), also as it stands within JSON, an indented or quoted text, or a
// string of a program:
//
//   key     = "-----BEGIN " label "-----" *header 1*(between line) [between end]
//   label   = ... "PRIVATE KEY" ...
//   header  = between name ": " value         ; of RFC 1421: "Proc-Type: 4,ENCRYPTED"
//   line    = 1*(base64 / "\/")               ; 16 or more, but for two at the end
//   end     = "-----END " label "-----"       ; the same label
//
// Where the end is cut off, the key is as long as its lines are. Words of a sentence are no lines,
// so that one which only quotes the beginning hides nothing behind it.
class PrivateKey {
 public:
  explicit PrivateKey(std::string_view text) : text_(text) {}

  // How long the key is with which the text begins. Nothing: it begins with none.
  std::optional<std::size_t> size() {
    if (!take_label()) return std::nullopt;
    for (int count = 0; count < kHeadersMax && take_header(); ++count) continue;
    std::optional<std::size_t> end;
    for (int shorter = 0; shorter <= kShorterMax;) {
      const bool is_new_line = take_gap();
      if (text_.substr(at_).starts_with(end_)) {
        return end || shorter > 0 ? std::optional(at_ + end_.size()) : std::nullopt;
      }
      const auto size = take_line();
      if (size == 0) break;
      // The marks of comments, and between strings of a program.
      if (std::ranges::none_of(text_.substr(at_ - size, size), is_letter_or_digit)) continue;
      if (size < kLine) ++shorter;
      const bool is_of_key = size >= kLine || (end && is_new_line);
      if (is_of_key && shorter <= kShorterMax) end = at_;
    }
    return end;
  }

 private:
  static constexpr std::size_t kLabelMax = 64;
  static constexpr int kHeadersMax = 8;
  static constexpr std::size_t kHeaderMax = 200;
  static constexpr std::size_t kGapMax = 64;
  static constexpr std::size_t kLine = 16;
  static constexpr int kShorterMax = 2;
  static constexpr std::string_view kDashes = "-----";

  bool take_label() {
    constexpr std::string_view kBegin = "-----BEGIN ";
    if (!text_.starts_with(kBegin)) return false;
    auto label = text_.substr(kBegin.size(), kLabelMax);
    const auto size = label.find(kDashes);
    if (size == std::string_view::npos) return false;
    label = label.substr(0, size);
    if (!label.contains("PRIVATE KEY")) return false;
    end_.append("-----END ").append(label).append(kDashes);
    at_ = kBegin.size() + size + kDashes.size();
    return true;
  }

  // What stands between two lines: their ends, as they are or as JSON writes them, and marks. Says
  // whether a line ends there.
  bool take_gap() {
    bool ends_line = false;
    const auto most = std::min(text_.size(), at_ + kGapMax);
    while (at_ < most) {
      const char one = text_[at_];
      if (one == '\\') {
        while (at_ < most && text_[at_] == '\\') ++at_;
        const auto size = size_of_escape(text_.substr(at_));
        const auto escape = text_.substr(at_, size);
        ends_line = ends_line || escape == "n" || escape == "r" || escape.starts_with('u');
        at_ += size;
      } else if (std::string_view(" \t\n\r\"',>#*|").contains(one)) {
        ends_line = ends_line || one == '\n' || one == '\r';
        ++at_;
      } else {
        break;
      }
    }
    return ends_line;
  }

  bool take_header() {
    const auto begin = at_;
    take_gap();
    const auto line = text_.substr(at_, kHeaderMax);
    const auto name = line.find_first_of(": \\\n");
    if (name != std::string_view::npos && name > 0 && line.substr(name).starts_with(": ") &&
        std::ranges::all_of(line.substr(0, name), is_of_token)) {
      const auto value = line.substr(name + 2);
      const auto size = value.find_first_of("\\\n\r<");
      if (size != std::string_view::npos && value[size] != '<') {
        at_ += name + 2 + size;
        return true;
      }
    }
    at_ = begin;
    return false;
  }

  std::size_t take_line() {
    const auto begin = at_;
    for (; at_ < text_.size(); ++at_) {
      const char one = text_[at_];
      const bool is_slash = one == '\\' && text_.substr(at_ + 1).starts_with('/');
      if (!is_slash && !is_letter_or_digit(one) && one != '+' && one != '/' && one != '=') break;
    }
    return at_ - begin;
  }

  const std::string_view text_;
  std::string end_;  // with which it ends
  std::size_t at_ = 0;
};

class Masking {
 public:
  explicit Masking(std::string_view text) : text_(text) {}

  std::int64_t run() {
    while (at_ < text_.size()) {
      if (const auto size = PrivateKey(text_.substr(at_)).size()) {
        mask_to(at_ + *size);
      } else if (is_of_token(text_[at_])) {
        take_token();
      } else {
        ++at_;
      }
    }
    masked_.append(text_.substr(kept_));
    return count_;
  }
  std::string take() { return std::move(masked_); }

 private:
  std::size_t end_of_token(std::size_t from) const {
    while (from < text_.size() && is_of_token(text_[from])) ++from;
    return from;
  }

  void take_token() {
    constexpr std::string_view kBegin = "-----BEGIN";
    const auto end = end_of_token(at_);
    const auto token = text_.substr(at_, end - at_);
    if (token.size() > kBegin.size() && token.ends_with(kBegin)) {
      at_ = end - kBegin.size();
      return;
    }
    if (mask_at(at_, end)) return;
    // What tools give is JSON, at times within JSON, in which a letter before a token may be none:
    // "\n" is the end of a line, and "\\n" may be one.
    const bool is_behind_backslash = at_ > 0 && text_[at_ - 1] == '\\';
    const auto escape = is_behind_backslash ? size_of_escape(token) : 0;
    if (escape > 0 && mask_at(at_ + escape, end)) return;
    at_ = end;
  }

  // Whether a secret begins here, but for emphasis, as Markdown writes it.
  bool mask_at(std::size_t begin, std::size_t end) {
    auto token = text_.substr(begin, end - begin);
    const auto first = std::min(token.find_first_not_of("_-"), token.size());
    token.remove_prefix(first);
    const auto all = end_of_web_token(token, end);
    if (!all && !is_secret(token)) return false;
    at_ = begin + first;
    mask_to(all.value_or(end));
    return true;
  }

  // All three parts of a JSON Web Token, of which this is the first.
  std::optional<std::size_t> end_of_web_token(std::string_view first, std::size_t end) const {
    constexpr std::size_t kPart = 10;
    if (!first.starts_with("eyJ") || first.size() < kPart) return std::nullopt;
    for (int part = 1; part < 3; ++part) {
      if (end >= text_.size() || text_[end] != '.') return std::nullopt;
      const auto next = end_of_token(end + 1);
      if (next - end - 1 < kPart) return std::nullopt;
      end = next;
    }
    return end;
  }

  void mask_to(std::size_t end) {
    masked_.append(text_.substr(kept_, at_ - kept_)).append(kMark);
    at_ = kept_ = end;
    ++count_;
  }

  const std::string_view text_;
  std::string masked_;
  std::size_t at_ = 0;
  std::size_t kept_ = 0;  // up to here it is in masked_
  std::int64_t count_ = 0;
};

}  // namespace

std::int64_t mask_secrets(std::string& text) {
  Masking masking(text);
  const auto count = masking.run();
  if (count > 0) text = masking.take();
  return count;
}

std::int64_t mask_secrets(Ask& ask) {
  std::int64_t count = 0;
  for (auto& message : ask.messages) {
    if (message.text) count += mask_secrets(*message.text);
    for (auto& part : message.parts) {
      if (auto* text = std::get_if<TextPart>(&part)) count += mask_secrets(text->text);
    }
    for (auto& call : message.tool_calls) {
      const auto of_call = mask_secrets(call.arguments);
      if (of_call > 0) read_arguments(call);
      count += of_call;
    }
  }
  return count;
}

}  // namespace synap::models
