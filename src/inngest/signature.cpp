#include "inngest/signature.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

#include "base/crypto.h"
#include "net/ascii.h"

namespace synap::inngest {
namespace {

constexpr std::string_view kPrefix = "signkey-";

// Behind "signkey-<env>-"; the whole text where it has no prefix.
std::string_view secret_part(std::string_view key) {
  if (!key.starts_with(kPrefix)) return key;
  const auto dash = key.find('-', kPrefix.size());
  return dash == std::string_view::npos ? key : key.substr(dash + 1);
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const int high = net::hex_value(hex[i]);
    const int low = net::hex_value(hex[i + 1]);
    if (high < 0 || low < 0) break;
    bytes.push_back(static_cast<char>(high << 4 | low));
  }
  return bytes;
}

// The value of `name` in "t=1&s=ab".
std::string_view field(std::string_view signature, std::string_view name) {
  while (!signature.empty()) {
    const auto end = std::min(signature.find('&'), signature.size());
    const auto pair = signature.substr(0, end);
    if (pair.starts_with(name)) return pair.substr(name.size());
    signature.remove_prefix(std::min(end + 1, signature.size()));
  }
  return {};
}

}  // namespace

std::string environment_of_user(std::string_view user_id) {
  std::string environment;
  for (const char c : user_id) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (is_word) environment.push_back(c);
  }
  return environment;
}

std::string environment_of(std::string_view text) {
  if (!text.starts_with(kPrefix)) return {};
  text.remove_prefix(kPrefix.size());
  const auto dash = text.find('-');
  return std::string(dash == std::string_view::npos ? std::string_view() : text.substr(0, dash));
}

SigningKey SigningKey::derived(std::string_view secret, std::string_view user_id) {
  const auto made = hmac_sha256(secret, fmt::format("inngest signing key\n{}", user_id));
  return SigningKey(fmt::format("{}{}-{}", kPrefix, environment_of_user(user_id), to_hex(made)));
}

std::string SigningKey::hashed() const {
  const auto secret = secret_part(text_);
  const auto prefix = std::string_view(text_).substr(0, text_.size() - secret.size());
  return fmt::format("{}{}", prefix, to_hex(sha256(from_hex(secret))));
}

std::string SigningKey::sign(std::string_view body, std::int64_t unix_seconds) const {
  const auto time = std::to_string(unix_seconds);
  std::string signed_text(body);
  signed_text += time;
  return fmt::format("t={}&s={}", time, to_hex(hmac_sha256(secret_part(text_), signed_text)));
}

bool SigningKey::verifies(std::string_view signature, std::string_view body,
                          std::int64_t unix_seconds) const {
  const auto text = field(signature, "t=");
  std::int64_t time = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time);
  if (error != std::errc{} || end != text.data() + text.size()) return false;
  if (time < unix_seconds - kSignatureSecondsMax || time > unix_seconds + kSignatureSecondsMax) {
    return false;
  }
  return is_equal_in_constant_time(sign(body, time), signature);
}

bool SigningKey::is_shown_by(std::string_view bearer) const {
  const bool is_plain = is_equal_in_constant_time(text_, bearer);
  const auto hash = hashed();
  const bool is_hashed = is_equal_in_constant_time(hash, bearer);
  const bool is_bare = is_equal_in_constant_time(secret_part(hash), bearer);
  return is_plain || is_hashed || is_bare;
}

}  // namespace synap::inngest
