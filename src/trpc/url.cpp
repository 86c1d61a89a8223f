#include "trpc/url.h"

#include "base/json.h"
#include "net/ascii.h"

namespace synap::trpc {
namespace {

// The byte that the escape at `at` stands for, or -1 if there is no escape.
int escaped_byte(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size()) return -1;
  const int high = net::hex_value(text[at + 1]);
  const int low = net::hex_value(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

std::string decode_form(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int byte = text[i] == '%' ? escaped_byte(text, i) : -1;
    if (byte >= 0) {
      out.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return is_valid_utf8(out) ? out : to_valid_utf8(out);
}

}  // namespace

std::string to_valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (;;) {
    const auto valid = valid_utf8_prefix(text);
    out.append(text.substr(0, valid));
    if (valid == text.size()) return out;
    out.append("\xEF\xBF\xBD");
    text.remove_prefix(valid + 1);
  }
}

QueryParameters::QueryParameters(std::string_view query) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto field = query.substr(0, end);
    if (!field.empty()) {
      const auto equals = field.find('=');
      const auto value =
          equals == std::string_view::npos ? std::string_view() : field.substr(equals + 1);
      fields_.emplace_back(decode_form(field.substr(0, equals)), decode_form(value));
    }
    if (end == std::string_view::npos) return;
    query.remove_prefix(end + 1);
  }
}

const std::string* QueryParameters::find(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (key == name) return &value;
  }
  return nullptr;
}

}  // namespace synap::trpc
