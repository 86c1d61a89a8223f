#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/check.h"

namespace synap {
namespace {

// The plain SHA256() of OpenSSL 3 looks its algorithm up by name each time; a fetched one does not.
void digest(const EVP_MD* algorithm, std::string_view bytes, std::uint8_t* out) {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  thread_local const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  SYNAP_CHECK(context != nullptr && EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1 &&
              EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 &&
              EVP_DigestFinal_ex(context.get(), out, nullptr) == 1);
}

const EVP_MD* sha256_algorithm() {
  static const EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

}  // namespace

Sha256 sha256(std::string_view bytes) {
  Sha256 out;
  digest(sha256_algorithm(), bytes, out.data());
  return out;
}

Sha256Hasher::Sha256Hasher() : context_(EVP_MD_CTX_new()) {
  auto* context = static_cast<EVP_MD_CTX*>(context_.get());
  SYNAP_CHECK(context != nullptr && EVP_DigestInit_ex2(context, sha256_algorithm(), nullptr) == 1);
}

void Sha256Hasher::Free::operator()(void* context) const {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context));
}

Sha256Hasher& Sha256Hasher::add(std::string_view bytes) {
  SYNAP_CHECK(
      EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_.get()), bytes.data(), bytes.size()) == 1);
  return *this;
}

Sha256 Sha256Hasher::finish() {
  auto* context = static_cast<EVP_MD_CTX*>(context_.get());
  Sha256 out;
  SYNAP_CHECK(EVP_DigestFinal_ex(context, out.data(), nullptr) == 1 &&
              EVP_DigestInit_ex2(context, sha256_algorithm(), nullptr) == 1);
  return out;
}

std::array<std::uint8_t, 20> sha1(std::string_view bytes) {
  static const EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  std::array<std::uint8_t, 20> out;
  digest(algorithm, bytes, out.data());
  return out;
}

std::array<std::uint8_t, 16> md5(std::string_view bytes) {
  static const EVP_MD* algorithm = EVP_MD_fetch(nullptr, "MD5", nullptr);
  std::array<std::uint8_t, 16> out;
  digest(algorithm, bytes, out.data());
  return out;
}

void random_bytes(std::uint8_t* out, std::size_t count) {
  struct Buffer {
    std::array<std::uint8_t, 4096> bytes;
    std::size_t used = sizeof bytes;
  };
  thread_local Buffer buffer;
  for (std::size_t done = 0; done < count;) {
    if (buffer.used == buffer.bytes.size()) {
      std::size_t filled = 0;
      while (filled < buffer.bytes.size()) {
        const auto got = getrandom(buffer.bytes.data() + filled, buffer.bytes.size() - filled, 0);
        SYNAP_CHECK(got > 0 || errno == EINTR, "the kernel gives no randomness");
        if (got > 0) filled += static_cast<std::size_t>(got);
      }
      buffer.used = 0;
    }
    const auto take = std::min(count - done, buffer.bytes.size() - buffer.used);
    std::memcpy(out + done, buffer.bytes.data() + buffer.used, take);
    // What was handed out must not be readable from here later.
    std::memset(buffer.bytes.data() + buffer.used, 0, take);
    buffer.used += take;
    done += take;
  }
}

std::string to_hex(const std::uint8_t* bytes, std::size_t count) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text(count * 2, '0');
  for (std::size_t i = 0; i < count; ++i) {
    text[2 * i] = kHex[bytes[i] >> 4];
    text[2 * i + 1] = kHex[bytes[i] & 15];
  }
  return text;
}

std::string to_base64url(std::string_view bytes) {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<std::uint8_t>(c);
    held += 8;
    while (held >= 6) {
      held -= 6;
      text.push_back(kAlphabet[bits >> held & 63]);
    }
  }
  if (held > 0) text.push_back(kAlphabet[bits << (6 - held) & 63]);
  return text;
}

std::string to_base64(std::string_view bytes) {
  auto text = to_base64url(bytes);
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    std::uint32_t value = 0;
    if (c >= 'A' && c <= 'Z')
      value = static_cast<std::uint32_t>(c - 'A');
    else if (c >= 'a' && c <= 'z')
      value = static_cast<std::uint32_t>(c - 'a' + 26);
    else if (c >= '0' && c <= '9')
      value = static_cast<std::uint32_t>(c - '0' + 52);
    else if (c == '-')
      value = 62;
    else if (c == '_')
      value = 63;
    else
      return std::nullopt;
    bits = bits << 6 | value;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<char>(bits >> held & 0xff));
  }
  // Six bits that are left over are a character too many; others must be zero.
  if (held >= 6 || (bits & ((1u << held) - 1)) != 0) return std::nullopt;
  return bytes;
}

Sha256 hmac_sha256(std::string_view key, std::string_view bytes) {
  Sha256 out;
  // A null key would mean "the key of the call before" in OpenSSL; an empty view may have one.
  const char* start = key.empty() ? "" : key.data();
  SYNAP_CHECK(HMAC(EVP_sha256(), start, static_cast<int>(key.size()),
                   reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out.data(),
                   nullptr) != nullptr);
  return out;
}

bool is_equal_in_constant_time(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace synap
