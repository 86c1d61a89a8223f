#include "http_answer.h"

#include <charconv>
#include <stdexcept>

namespace synap::bench {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kBodySizeMax = 16 << 20;

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i)
    if ((left[i] | 0x20) != (right[i] | 0x20)) return false;
  return true;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::size_t parse_number(std::string_view text, int base) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end == text.data() || number > kBodySizeMax)
    throw std::runtime_error("a length in the answer is not a number");
  return number;
}

struct Head {
  int status = 0;
  bool is_chunked = false;
  bool keeps_alive = true;
  std::optional<std::size_t> length;
};

Head parse_head(std::string_view text) {
  if (!text.starts_with("HTTP/1.1 ") || text.size() < 12)
    throw std::runtime_error("the answer is not HTTP/1.1");
  Head head;
  head.status = static_cast<int>(parse_number(text.substr(9, 3), 10));
  std::size_t start = text.find(kLineEnd);
  while (start != std::string_view::npos) {
    start += kLineEnd.size();
    const std::size_t end = text.find(kLineEnd, start);
    const std::string_view line = text.substr(start, end - start);
    start = end;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trim(line.substr(colon + 1));
    if (equals_ignoring_case(name, "content-length")) head.length = parse_number(value, 10);
    if (equals_ignoring_case(name, "transfer-encoding"))
      head.is_chunked = equals_ignoring_case(value, "chunked");
    if (equals_ignoring_case(name, "connection"))
      head.keeps_alive = !equals_ignoring_case(value, "close");
  }
  return head;
}

// Answers the offset behind the last chunk, or nothing while chunks are missing.
std::optional<std::size_t> parse_chunks(std::string_view bytes, std::size_t at, std::string& body) {
  while (true) {
    const std::size_t line_end = bytes.find(kLineEnd, at);
    if (line_end == std::string_view::npos) return std::nullopt;
    const std::size_t size = parse_number(bytes.substr(at, line_end - at), 16);
    const std::size_t data = line_end + kLineEnd.size();
    if (bytes.size() < data + size + kLineEnd.size()) return std::nullopt;
    body.append(bytes.substr(data, size));
    at = data + size + kLineEnd.size();
    if (size == 0) return at;
  }
}

}  // namespace

std::optional<HttpAnswer> parse_answer(std::string_view bytes) {
  const std::size_t head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return std::nullopt;
  const Head head = parse_head(bytes.substr(0, head_end));
  HttpAnswer answer{.status = head.status, .body = {}, .keeps_alive = head.keeps_alive};
  const std::size_t body = head_end + 4;
  const bool has_no_body = head.status == 204 || head.status == 304 || head.status / 100 == 1;
  if (head.is_chunked) {
    const auto end = parse_chunks(bytes, body, answer.body);
    if (!end) return std::nullopt;
    answer.size = *end;
    return answer;
  }
  if (!head.length && !has_no_body)
    throw std::runtime_error("the answer has neither Content-Length nor chunks");
  const std::size_t length = has_no_body ? 0 : *head.length;
  if (bytes.size() < body + length) return std::nullopt;
  answer.body = bytes.substr(body, length);
  answer.size = body + length;
  return answer;
}

}  // namespace synap::bench
