// Hashes and randomness, by OpenSSL.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace synap {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view bytes);

/// A SHA-256 of pieces that come one after another. One thread at a time.
class Sha256Hasher {
 public:
  Sha256Hasher();
  Sha256Hasher& add(std::string_view bytes);
  /// The hash of all that was added; the hasher then begins anew.
  Sha256 finish();

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

/// SHA-1, for step ids only (Inngest's memo keys): never for security.
std::array<std::uint8_t, 20> sha1(std::string_view bytes);

/// MD5, for the header Content-MD5 only (RFC 1864), which finds what a line has changed: never for
/// security.
std::array<std::uint8_t, 16> md5(std::string_view bytes);

/// Random bytes of the operating system's quality, from a buffer of the thread's own: a system
/// call for ten bytes costs as much as a microsecond.
void random_bytes(std::uint8_t* out, std::size_t count);

std::string to_hex(const std::uint8_t* bytes, std::size_t count);
template <std::size_t N>
std::string to_hex(const std::array<std::uint8_t, N>& bytes) {
  return to_hex(bytes.data(), N);
}
/// base64 with padding, RFC 4648 section 4.
std::string to_base64(std::string_view bytes);
/// base64url without padding, RFC 4648 section 5.
std::string to_base64url(std::string_view bytes);
/// The inverse; nothing if the text is none.
std::optional<std::string> from_base64url(std::string_view text);

/// HMAC with SHA-256 (RFC 2104): proves that whoever made it has `key`, which may be of any length.
Sha256 hmac_sha256(std::string_view key, std::string_view bytes);
/// Whether two texts are the same, in a time that follows from their lengths only: for comparing a
/// signature or a secret with what a stranger has sent.
bool is_equal_in_constant_time(std::string_view left, std::string_view right);

}  // namespace synap
