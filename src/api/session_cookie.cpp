#include "api/session_cookie.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "net/ascii.h"
#include "net/origins.h"

namespace synap::api {
namespace {

// The values of the cookies of this name, of which several may stand in one header and in several,
// in their order; more than a browser has for the paths of one page are nobody's.
std::vector<std::string_view> cookies_of(const net::Headers& headers, std::string_view name) {
  std::vector<std::string_view> values;
  for (const auto& header : headers) {
    if (!net::equal_ignoring_case(header.name, "cookie")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      auto pair = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
      while (pair.starts_with(' ')) pair.remove_prefix(1);
      if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
        const auto value = pair.substr(name.size() + 1);
        if (!value.empty() && std::ranges::find(values, value) == values.end()) {
          values.push_back(value);
        }
        if (values.size() == Credential::kTokensMax) return values;
      }
    }
  }
  return values;
}

}  // namespace

SessionCookie::SessionCookie(std::string_view pod, std::string public_url)
    : name_(fmt::format("synap_{}", pod)), public_url_(std::move(public_url)) {}

Credential SessionCookie::of(const net::Headers& headers, std::string_view page_half) const {
  if (name_.empty() || page_half.empty()) return {};
  auto tokens = cookies_of(headers, name_);
  if (tokens.empty() || net::is_of_other_page(headers, public_url_)) return {};
  Credential shown(tokens.front(), KeyKind::kSession);
  shown.page_half = page_half;
  shown.others.assign(tokens.begin() + 1, tokens.end());
  return shown;
}

Credential SessionCookie::of(const net::Headers& headers) const {
  const std::string* half = headers.find(kPageHeader);
  return half == nullptr ? Credential() : of(headers, *half);
}

std::string SessionCookie::set(std::string_view token, std::chrono::seconds lasts) const {
  // Where it is found by https, the cookie goes no other way.
  const bool is_secure = public_url_.starts_with("https://");
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}", name_, token,
                     lasts.count(), is_secure ? "; Secure" : "");
}

Credential credential_of(const rpc::Origin& origin, const SessionCookie& cookie) {
  if (const auto token = bearer_token(origin.headers); !token.empty()) return token;
  if (!origin.connection_params) return cookie.of(origin.headers);
  const auto parameter = [&](std::string_view name) -> std::string_view {
    const Json* value = origin.connection_params->find(name);
    return value != nullptr && value->is_string() ? std::string_view(value->as_string())
                                                  : std::string_view();
  };
  if (const auto token = parameter("token"); !token.empty()) return token;
  return cookie.of(origin.headers, parameter("page"));
}

std::string_view bearer_token(const net::Headers& headers) {
  const std::string* header = headers.find("authorization");
  if (header == nullptr) return {};
  std::string_view value = *header;
  constexpr std::string_view kScheme = "bearer ";
  if (!net::equal_ignoring_case(value.substr(0, kScheme.size()), kScheme)) return {};
  value.remove_prefix(kScheme.size());
  while (value.starts_with(' ')) value.remove_prefix(1);
  return value;
}

}  // namespace synap::api
