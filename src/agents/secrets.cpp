#include "agents/secrets.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string_view>
#include <variant>

namespace synap::agents {
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
// The first that fits is taken, so the longer of two stands first.
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

bool is_secret(std::string_view token) {
  const bool is_of_form = std::ranges::any_of(kForms, [token](const Form& form) {
    return token.starts_with(form.prefix) && token.size() >= form.prefix.size() + form.shortest;
  });
  return is_of_form || is_provider_key(token) || is_aws_key(token);
}

class Masking {
 public:
  explicit Masking(std::string_view text) : text_(text) {}

  std::int64_t run() {
    while (at_ < text_.size()) {
      if (const auto end = end_of_private_key()) {
        mask_to(*end);
      } else if (is_of_token(text_[at_])) {
        take_token();
      } else {
        at_ += size_of_escape();
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

  // Of a character that is of no token. What tools give is JSON, in which a letter before a token
  // may be no letter: "\n" is the end of a line.
  std::size_t size_of_escape() const {
    constexpr std::size_t kUnicode = 6;
    if (text_[at_] != '\\' || at_ + 1 == text_.size()) return 1;
    if (text_[at_ + 1] == 'u') return std::min(kUnicode, text_.size() - at_);
    return std::string_view("nrtbf\"\\/").contains(text_[at_ + 1]) ? 2 : 1;
  }

  void take_token() {
    constexpr std::string_view kBegin = "-----BEGIN";
    const auto end = end_of_token(at_);
    auto token = text_.substr(at_, end - at_);
    if (token.size() > kBegin.size() && token.ends_with(kBegin)) {
      at_ = end - kBegin.size();
      return;
    }
    // Emphasis, as Markdown writes it.
    const auto first = std::min(token.find_first_not_of("_-"), token.size());
    token.remove_prefix(first);
    at_ += first;
    if (const auto all = end_of_web_token(token, end)) return mask_to(*all);
    if (is_secret(token)) return mask_to(end);
    at_ = end;
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

  // In a text that was cut off there is none: then to the end of what may be of it.
  std::optional<std::size_t> end_of_private_key() {
    constexpr std::string_view kBegin = "-----BEGIN ";
    constexpr std::string_view kKind = "PRIVATE KEY";
    constexpr std::string_view kEnd = "-----END ";
    constexpr std::string_view kDashes = "-----";
    constexpr std::size_t kLabelMax = 64;
    const auto rest = text_.substr(at_);
    if (!rest.starts_with(kBegin)) return std::nullopt;
    const auto label = rest.substr(kBegin.size(), kLabelMax);
    const auto label_end = label.find(kDashes);
    if (label_end == std::string_view::npos ||
        label.substr(0, label_end).find(kKind) == std::string_view::npos) {
      return std::nullopt;
    }
    const auto body = at_ + kBegin.size() + label_end + kDashes.size();
    // What was looked for once in vain is not behind it either.
    const auto end = has_end_ ? text_.find(kEnd, body) : std::string_view::npos;
    has_end_ = end != std::string_view::npos;
    if (!has_end_) return end_of_base64(body);
    const auto dashes = text_.substr(end + kEnd.size(), kLabelMax).find(kDashes);
    if (dashes == std::string_view::npos) return end + kEnd.size();
    return end + kEnd.size() + dashes + kDashes.size();
  }

  std::size_t end_of_base64(std::size_t from) const {
    for (; from < text_.size(); ++from) {
      const char one = text_[from];
      // As JSON writes the ends of lines, too.
      const bool is_escaped_end = one == '\\' && from + 1 < text_.size() &&
                                  (text_[from + 1] == 'n' || text_[from + 1] == 'r');
      const bool is_of_it = is_letter_or_digit(one) || one == '+' || one == '/' || one == '=' ||
                            one == '\n' || one == '\r' || is_escaped_end;
      if (!is_of_it) break;
    }
    return from;
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
  bool has_end_ = true;
  std::int64_t count_ = 0;
};

}  // namespace

std::int64_t mask_secrets(std::string& text) {
  Masking masking(text);
  const auto count = masking.run();
  if (count > 0) text = masking.take();
  return count;
}

std::int64_t mask_secrets(models::Ask& ask) {
  std::int64_t count = 0;
  for (auto& message : ask.messages) {
    if (message.text) count += mask_secrets(*message.text);
    for (auto& part : message.parts) {
      if (auto* text = std::get_if<models::TextPart>(&part)) count += mask_secrets(text->text);
    }
    for (auto& call : message.tool_calls) {
      const auto of_call = mask_secrets(call.arguments);
      if (of_call > 0) models::read_arguments(call);
      count += of_call;
    }
  }
  return count;
}

}  // namespace synap::agents
