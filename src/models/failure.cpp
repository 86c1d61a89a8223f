#include "models/failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>

#include "base/text.h"

namespace synap::models {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kSentenceBytesMax = 500;
constexpr std::size_t kIdBytesMax = 128;
// Whoever repeats a key shows its beginning or its end: so much of it is too much.
constexpr std::size_t kKeyPartMin = 6;
constexpr std::string_view kHidden = "[key]";

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '*' || c == '.';
}

bool looks_like_key(std::string_view word, std::string_view key) {
  while (word.ends_with('.')) word.remove_suffix(1);
  if (word.size() >= kKeyPartMin && word.starts_with("sk-")) return true;
  if (key.size() < kKeyPartMin) return false;
  const auto stars = word.find('*');
  if (stars != std::string_view::npos) {
    const auto before = word.substr(0, stars);
    const auto after = word.substr(word.find_last_of('*') + 1);
    if (!before.empty() && key.starts_with(before)) return true;
    if (!after.empty() && key.ends_with(after)) return true;
  }
  return word.contains(key.substr(0, kKeyPartMin)) ||
         (word.size() >= kKeyPartMin && word.contains(key.substr(key.size() - kKeyPartMin)));
}

struct Kind {
  Code code;
  std::string_view reason;
  bool is_transient = false;
};

Kind kind_of(int status, std::string_view code) {
  if (code == "context_length_exceeded") {
    return {Code::kPayloadTooLarge, "MODEL_CONTEXT_EXCEEDED"};
  }
  switch (status) {
    case 400:
    case 404:
    case 422:
      return {Code::kUnprocessableContent, "MODEL_REFUSED"};
    case 401:
    case 403:
      return {Code::kPreconditionFailed, "MODEL_KEY_REFUSED"};
    case 402:
      return {Code::kPreconditionFailed, "MODEL_UNPAID"};
    case 408:
      return {Code::kGatewayTimeout, "MODEL_TIMEOUT", true};
    case 409:
      return {Code::kServiceUnavailable, "MODEL_BUSY", true};
    case 413:
      return {Code::kPayloadTooLarge, "MODEL_CONTEXT_EXCEEDED"};
    case 429:
      return {Code::kTooManyRequests, "MODEL_RATE_LIMITED", true};
    case 503:
    case 529:
      return {Code::kServiceUnavailable, "MODEL_BUSY", true};
    default:
      return status >= 500 ? Kind{Code::kBadGateway, "MODEL_FAILED", true}
                           : Kind{Code::kBadGateway, "MODEL_ANSWER_UNKNOWN"};
  }
}

Failure made(const Provider& provider, const outbound::Head* head, Kind kind, std::string message) {
  Failure failure{.reason = std::string(kind.reason), .is_transient = kind.is_transient};
  Json details = Json::object({{"reason", kind.reason}, {"provider", provider.name}});
  if (head != nullptr) {
    failure.status = head->status;
    details.set("status", head->status);
    if (auto id = request_id_of(head->headers); !id.empty()) {
      details.set("requestId", redacted(id, provider.key));
    }
  }
  failure.error = {kind.code, std::move(message), std::make_shared<const Json>(std::move(details))};
  return failure;
}

// "Wed, 21 Oct 2026 07:28:00 GMT", RFC 9110 5.6.7, as Unix ms.
std::optional<std::int64_t> http_date(const std::string& text) {
  std::tm time{};
  const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return static_cast<std::int64_t>(::timegm(&time)) * 1'000;
}

std::optional<double> number_of(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc{} && end == text.data() + text.size();
  if (!is_number || !std::isfinite(number) || number < 0) return std::nullopt;
  return number;
}

}  // namespace

std::string redacted(std::string_view text, std::string_view key) {
  // What is cut off need not be looked at, but for a key that the cut divides.
  text = text.substr(0, kSentenceBytesMax + 512);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (!key.empty() && text.substr(at).starts_with(key)) {
      out.append(kHidden);
      at += key.size();
      continue;
    }
    if (!is_key_character(text[at])) {
      out.push_back(text[at++]);
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && is_key_character(text[end])) ++end;
    const auto word = text.substr(at, end - at);
    out.append(looks_like_key(word, key) ? kHidden : word);
    at = end;
  }
  return shortened(out, kSentenceBytesMax);
}

std::optional<milliseconds> retry_after_of(const outbound::Headers& headers, std::int64_t unix_ms) {
  constexpr double kMost = 1e9;  // a day and more; whoever asks bounds it
  if (const auto* text = outbound::find(headers, "retry-after-ms")) {
    if (const auto ms = number_of(*text)) {
      return milliseconds(static_cast<std::int64_t>(std::min(*ms, kMost)));
    }
  }
  const auto* text = outbound::find(headers, "retry-after");
  if (text == nullptr) return std::nullopt;
  if (const auto seconds = number_of(*text)) {
    return milliseconds(static_cast<std::int64_t>(std::min(*seconds * 1'000, kMost)));
  }
  const auto date = http_date(*text);
  if (!date) return std::nullopt;
  return milliseconds(std::clamp<std::int64_t>(*date - unix_ms, 0, std::int64_t{1'000'000'000}));
}

std::string request_id_of(const outbound::Headers& headers) {
  for (const auto name : {"request-id", "x-request-id"}) {
    if (const auto* id = outbound::find(headers, name)) return shortened(*id, kIdBytesMax);
  }
  return "";
}

Failure failure_of_status(const Provider& provider, const outbound::Head& head,
                          std::string_view body, std::int64_t unix_ms) {
  auto json = parse_json(body);
  auto complaint = json ? complaint_of(*json) : Complaint{};
  if (!json) complaint.message = body;
  auto message =
      fmt::format("The model provider {} answers with status {}", provider.name, head.status);
  if (const auto said = redacted(complaint.message, provider.key); !said.empty()) {
    message += ": " + said;
  }
  if (head.status >= 300 && head.status < 400) message += " (a redirect, which is not followed)";
  auto failure = made(provider, &head, kind_of(head.status, complaint.code), std::move(message));
  failure.retry_after = retry_after_of(head.headers, unix_ms);
  return failure;
}

Failure failure_of_complaint(const Provider& provider, const outbound::Head& head,
                             const Complaint& complaint) {
  const auto& code = complaint.code;
  auto kind = Kind{Code::kBadGateway, "MODEL_FAILED", true};
  if (code == "overloaded_error") kind = {Code::kServiceUnavailable, "MODEL_BUSY", true};
  if (code == "rate_limit_error" || code == "rate_limit_exceeded" || code == "429") {
    kind = {Code::kTooManyRequests, "MODEL_RATE_LIMITED", true};
  }
  if (code == "context_length_exceeded") kind = kind_of(0, code);
  if (code == "invalid_request_error") {
    kind = {Code::kUnprocessableContent, "MODEL_REFUSED"};
  }
  auto said = redacted(complaint.message, provider.key);
  if (said.empty()) said = redacted(code, provider.key);
  return made(provider, &head, kind,
              fmt::format("The model provider {} fails within its answer: {}", provider.name,
                          said.empty() ? "it does not say why" : said));
}

Failure failure_of_answer(const Provider& provider, const outbound::Head& head,
                          const Error& error) {
  const bool is_too_large = error.code == Code::kPayloadTooLarge;
  return made(provider, &head,
              {error.code, is_too_large ? "MODEL_ANSWER_TOO_LARGE" : "MODEL_ANSWER_UNKNOWN",
               error.code == Code::kBadGateway},
              fmt::format("The model provider {}: {}", provider.name,
                          redacted(error.message, provider.key)));
}

Failure failure_of_transfer(const Provider& provider, const outbound::Head* head,
                            const Error& error) {
  Kind kind{error.code, "MODEL_UNREACHABLE"};
  kind.is_transient = error.code == Code::kServiceUnavailable || error.code == Code::kBadGateway;
  if (error.code == Code::kGatewayTimeout) kind.reason = "MODEL_TIMEOUT";
  if (error.code == Code::kPayloadTooLarge) kind.reason = "MODEL_ANSWER_TOO_LARGE";
  if (error.code == Code::kClientClosedRequest) kind.reason = "CANCELLED";
  if (error.code == Code::kForbidden) kind.reason = "MODEL_FORBIDDEN";
  // The URL is the owner's, not the caller's.
  if (error.code == Code::kBadRequest) kind.code = Code::kPreconditionFailed;
  return made(provider, head, kind,
              fmt::format("The model provider {}: {}", provider.name,
                          redacted(error.message, provider.key)));
}

Failure failure_of_cut(const Provider& provider, const outbound::Head& head,
                       std::string_view what) {
  return made(provider, &head, {Code::kBadGateway, "MODEL_STREAM_CUT", true},
              fmt::format("The model provider {} broke off in the middle of its answer: {}",
                          provider.name, redacted(what, provider.key)));
}

}  // namespace synap::models
