#include "content/s3/address.h"

#include <fmt/format.h>

#include <algorithm>

#include "outbound/url.h"

namespace synap::content {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_unreserved(char c) {
  return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.' || c == '~';
}

// The names that AWS has for buckets, and everybody else takes.
bool is_bucket(std::string_view text) {
  return text.size() >= 3 && text.size() <= 63 && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

// Nothing in it needs to be encoded, and nothing climbs: what is signed is what is sent. A key has
// 1,024 bytes, of which the paths of content need up to 513 and the name beside one 50 more.
constexpr std::size_t kPrefixCharactersMax = 256;
bool is_prefix(std::string_view text) {
  return text.size() <= kPrefixCharactersMax && !text.starts_with('/') && !text.contains("//") &&
         !text.contains("..") && !text.contains("./") && (text.empty() || text.ends_with('/')) &&
         std::ranges::all_of(text, [](char c) {
           return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.' || c == '/';
         });
}

bool is_visible(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

Result<> check(const S3Settings& settings) {
  const auto wrong = [](const char* sentence) { return fail(Code::kBadRequest, sentence); };
  if (!is_bucket(settings.bucket)) {
    return wrong("s3_bucket is the name of a bucket: 3 to 63 of a-z, 0-9, - and .");
  }
  if (!is_visible(settings.region, 64) || settings.region.contains('/')) {
    return wrong("s3_region is the name of a region, as us-east-1 or auto");
  }
  if (!is_prefix(settings.prefix)) {
    return wrong(
        "s3_prefix is empty, or ends with a slash and has letters, digits, - _ . and single "
        "slashes, at most 256 characters in all");
  }
  if (!is_visible(settings.access_key, 256)) return wrong("s3_access_key is missing or no key");
  if (!is_visible(settings.secret_key, 1024)) return wrong("s3_secret_key is missing or no key");
  return {};
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string query_text(S3Query query) {
  for (auto& [name, value] : query) {
    name = percent_encoded(name);
    value = percent_encoded(value);
  }
  std::ranges::sort(query);
  std::string text;
  for (const auto& [name, value] : query) {
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, value);
  }
  return text;
}

Result<S3Address> S3Address::make(const S3Settings& settings) {
  const auto url = outbound::parse_url(settings.endpoint);
  if (!url || url->has_user || url->text.find_first_of("?#") != std::string::npos ||
      settings.endpoint.ends_with('/') || std::ranges::count(settings.endpoint, '/') != 2) {
    return fail(Code::kBadRequest,
                "s3_endpoint is the address of an S3 server without a path, as "
                "https://s3.eu-central-1.amazonaws.com or http://127.0.0.1:9000");
  }
  if (auto good = check(settings); !good) return fail(good.error());
  S3Address address;
  const bool is_address_of_number =
      url->host.contains(':') ||
      std::ranges::all_of(url->host, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  if (!settings.is_path_style && is_address_of_number) {
    return fail(Code::kBadRequest,
                "s3_path_style = false puts the bucket before the host of s3_endpoint, which then "
                "must be a name and no address");
  }
  address.machine_ = settings.is_path_style ? url->host : settings.bucket + "." + url->host;
  address.port_ = url->port;
  address.is_https_ = url->is_https;
  const auto machine =
      url->host.contains(':') ? fmt::format("[{}]", address.machine_) : address.machine_;
  const bool is_usual = url->port == (url->is_https ? 443 : 80);
  address.host_ = is_usual ? machine : fmt::format("{}:{}", machine, url->port);
  address.endpoint_ = fmt::format("{}://{}", url->is_https ? "https" : "http", address.host_);
  if (settings.is_path_style) address.bucket_path_ = "/" + settings.bucket;
  return address;
}

std::string S3Address::destination() const {
  return machine_.contains(':') ? fmt::format("[{}]:{}", machine_, port_)
                                : fmt::format("{}:{}", machine_, port_);
}

std::string S3Address::path(std::string_view name) const {
  if (name.empty()) return bucket_path_.empty() ? "/" : bucket_path_;
  std::string path = bucket_path_;
  // Slashes stay; each part between them is encoded.
  for (std::size_t begin = 0; begin <= name.size();) {
    const auto end = std::min(name.find('/', begin), name.size());
    path += "/" + percent_encoded(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return path;
}

std::string S3Address::url(std::string_view name, const S3Query& query) const {
  const auto text = query_text(query);
  return endpoint_ + path(name) + (text.empty() ? "" : "?" + text);
}

}  // namespace synap::content
