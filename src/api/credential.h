// Credential: what a request shows to say who calls.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace synap::api {

/// What a secret is good for. Each is a row of its own with an end of its own, revoked as any.
enum class KeyKind : std::uint8_t {
  kKey,      // an API key: sent with every request
  kSession,  // of a browser that has shown a key or a link; in its cookie. Ends with that key
};
/// How long a session is good at most.
inline constexpr std::chrono::milliseconds kSessionMax = std::chrono::days(30);
/// As events and rows have it: "session"; of an API key, which was there first, "".
std::string_view key_kind_name(KeyKind kind);
/// Nothing: there is no such kind.
std::optional<KeyKind> key_kind_by_name(std::string_view name);

/// A session is shown in two halves: one in a cookie, which the browser sends to every server on
/// the same host, whatever its port, and which no script reads; the other, these last characters of
/// it, by the page, which only pages of the very same origin can know.
inline constexpr std::size_t kPageHalfCharacters = 43;

/// A view of what was sent: good for as long as the request.
struct Credential {
  Credential() = default;
  template <std::convertible_to<std::string_view> Text>
  Credential(const Text& of, KeyKind sent_as = KeyKind::kKey) : token(of), kind(sent_as) {}

  /// How many are tried: any server on the same host can set a cookie of the session's name.
  static constexpr std::size_t kTokensMax = 8;

  std::string_view token;  // empty: none was sent
  /// Of a session: what else stood in cookies of its name. Which of them is one, its other half
  /// tells.
  std::vector<std::string_view> others = {};
  std::string_view page_half;  // of a session; behind the token
  /// As what it was sent. A key in a cookie is none, nor is a session in a header.
  KeyKind kind = KeyKind::kKey;
};

}  // namespace synap::api
