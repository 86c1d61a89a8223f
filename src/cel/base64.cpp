#include "cel/base64.h"

#include <algorithm>

#include "base/crypto.h"

namespace synap::cel {

std::string to_base64(std::string_view bytes) {
  auto text = to_base64url(bytes);
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.find_first_of("-_") != std::string_view::npos) return std::nullopt;
  const auto padding = std::min<std::size_t>(
      text.size(), text.size() - std::min(text.size(), text.find_last_not_of('=') + 1));
  if (padding > 2 || (padding > 0 && text.size() % 4 != 0)) return std::nullopt;
  std::string url(text.substr(0, text.size() - padding));
  std::ranges::replace(url, '+', '-');
  std::ranges::replace(url, '/', '_');
  return from_base64url(url);
}

}  // namespace synap::cel
