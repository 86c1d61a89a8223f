#include "net/response_writer.h"

#include <charconv>
#include <ctime>

#include "net/ascii.h"

namespace synap::net {
namespace {

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

bool is_the_servers(std::string_view name) {
  switch (name.size()) {
    case 4:
      return equal_ignoring_case(name, "date");
    case 10:
      return equal_ignoring_case(name, "connection") || equal_ignoring_case(name, "keep-alive");
    case 14:
      return equal_ignoring_case(name, "content-length");
    case 17:
      return equal_ignoring_case(name, "transfer-encoding");
    default:
      return false;
  }
}

// A line break in a value would begin a field, or a response, of the caller's making.
void append_line(std::string& out, std::string_view text) {
  for (const char c : text) out.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
}

}  // namespace

bool status_has_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

void write_head(const Response& response, const HeadOptions& options, std::string& out) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::uint64_t>(response.status));
  out += ' ';
  out += reason_phrase(response.status);
  out += "\r\ndate: ";
  out += options.date;
  if (status_has_body(response.status)) {
    if (options.framing == Framing::kLength) {
      out += "\r\ncontent-length: ";
      append_number(out, response.body.size());
    } else if (options.framing == Framing::kChunked) {
      out += "\r\ntransfer-encoding: chunked";
    }
  }
  if (!options.keeps_alive) {
    out += "\r\nconnection: close";
  } else if (options.is_http_1_0) {
    out += "\r\nconnection: keep-alive";
  }
  out += "\r\n";
  for (const auto& [name, value] : response.headers) {
    if (is_the_servers(name)) continue;
    append_line(out, name);
    out += ": ";
    append_line(out, value);
    out += "\r\n";
  }
  out += "\r\n";
}

std::string http_date(std::int64_t unix_seconds) {
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  // The names are English whatever the locale: Synap never calls setlocale.
  const auto length = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, length};
}

}  // namespace synap::net
