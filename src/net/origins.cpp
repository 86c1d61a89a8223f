#include "net/origins.h"

#include <arpa/inet.h>

#include <algorithm>

#include "net/ascii.h"

namespace synap::net {
namespace {

std::string_view authority_of(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme != std::string_view::npos) text.remove_prefix(scheme + 3);
  return text.substr(0, text.find_first_of("/?#"));
}

// As browsers send it: without the port that goes without saying.
std::string_view origin_of(std::string_view url) {
  const auto authority = authority_of(url);
  const auto end = static_cast<std::size_t>(authority.data() - url.data()) + authority.size();
  auto origin = url.substr(0, end);
  const std::string_view usual = origin.starts_with("https://") ? ":443" : ":80";
  if (origin.ends_with(usual)) origin.remove_suffix(usual.size());
  return origin;
}

bool is_address(const std::string& host) {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

// The origin of a page as browsers write it: a scheme, a host and perhaps a port, nothing more.
bool is_web_page(std::string_view origin) {
  if (!origin.starts_with("http://") && !origin.starts_with("https://")) return false;
  const auto authority = origin.substr(origin.find("://") + 3);
  if (authority.find_first_of("/?#@, \t") != std::string_view::npos) return false;
  const auto bracket = authority.find(']');
  const auto rest = bracket == authority.npos ? authority : authority.substr(bracket + 1);
  const auto colon = rest.find(':');
  return colon == rest.npos ||
         rest.substr(colon + 1).find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::string host_of(std::string_view text) {
  auto host = authority_of(text);
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    host = end == std::string_view::npos ? std::string_view() : host.substr(1, end - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  if (host.ends_with('.')) host.remove_suffix(1);
  std::string lower(host);
  std::ranges::transform(lower, lower.begin(), ascii_lower);
  return lower;
}

bool is_of_other_page(const Headers& headers, std::string_view public_url) {
  const std::string* site = headers.find("sec-fetch-site");
  if (site != nullptr && *site != "same-origin") return true;
  const std::string* origin = headers.find("origin");
  if (origin == nullptr) return false;
  if (!public_url.empty() && equal_ignoring_case(*origin, origin_of(public_url))) return false;
  const std::string* host = headers.find("host");
  if (host == nullptr || !equal_ignoring_case(*origin, "http://" + *host)) return true;
  // Where others find it by https, a page that came by http may be anybody's.
  return public_url.starts_with("https://") && host_of(*host) == host_of(public_url);
}

bool is_loopback_name(std::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

bool Origins::allows_all() const {
  return std::ranges::find(allowed, "*") != allowed.end();
}

bool Origins::allows(const Request& request) const {
  const std::string* origin = request.headers.find("origin");
  if (origin == nullptr || allows_all()) return true;
  for (const auto& one : allowed) {
    if (equal_ignoring_case(one, *origin)) return true;
  }
  if (!is_web_page(*origin)) return false;
  if (is_loopback_name(host_of(*origin))) return true;
  const std::string* host = request.headers.find("host");
  return host != nullptr && equal_ignoring_case(authority_of(*origin), *host);
}

bool HostNames::has(const Request& request) const {
  const std::string* header = request.headers.find("host");
  if (header == nullptr) return true;
  const auto host = host_of(*header);
  if (is_loopback_name(host) || host == listening) return true;
  if (!public_url.empty() && host == host_of(public_url)) return true;
  if (std::ranges::any_of(other_urls,
                          [&](const auto& url) { return !url.empty() && host == host_of(url); })) {
    return true;
  }
  // Nobody can give an address another meaning: only names are rebound.
  const bool is_everywhere = listening == "0.0.0.0" || listening == "::";
  return is_everywhere && is_address(host);
}

}  // namespace synap::net
