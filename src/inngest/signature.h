// Signing keys, and what they sign.
//
//   key        signkey-<env>-<hex>
//   signature  t=<Unix seconds>&s=<hex of HMAC-SHA256(text behind the prefix, body + t)>
//   bearer     signkey-<env>-<hex of SHA-256(bytes behind the prefix)>; of the Python SDK, the hex
//
// To sign, the key is the text behind the prefix as it stands; to be hashed, it is decoded first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace synap::inngest {

/// How far a signature's time may be from now.
inline constexpr std::int64_t kSignatureSecondsMax = 300;

/// A user's signing key, which both sides know. A value; its text is a secret.
class SigningKey {
 public:
  /// That of `user_id` in the pod of `secret`: nothing has to be kept, and the environment in it
  /// says whose it is.
  static SigningKey derived(std::string_view secret, std::string_view user_id);
  explicit SigningKey(std::string text) : text_(std::move(text)) {}

  const std::string& text() const { return text_; }
  /// What an SDK shows in its Authorization header.
  std::string hashed() const;
  /// Of the header x-inngest-signature.
  std::string sign(std::string_view body, std::int64_t unix_seconds) const;
  /// Whether `signature` is of this key and this body, and of about now.
  bool verifies(std::string_view signature, std::string_view body, std::int64_t unix_seconds) const;
  /// Whether `bearer` is this key, plain or hashed, with or without its prefix.
  bool is_shown_by(std::string_view bearer) const;

 private:
  std::string text_;
};

/// The environment in a key, or a hashed one, of derived(): the user's id without what a key may
/// not have; empty if `text` is none.
std::string environment_of(std::string_view text);
/// The same of a user.
std::string environment_of_user(std::string_view user_id);

}  // namespace synap::inngest
