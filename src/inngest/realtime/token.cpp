#include "inngest/realtime/token.h"

#include "base/crypto.h"
#include "base/json.h"

namespace synap::inngest {
namespace {

// {"alg":"HS256","typ":"JWT"}: the only header there is, so no token chooses how it is looked at.
constexpr std::string_view kHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

std::string_view bytes_of(const Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

std::unexpected<Error> not_valid() {
  return fail(Code::kUnauthorized, "The token is none of this pod's");
}

Result<Listening> read_claims(const Json& claims) {
  Listening listening{.user_id = std::string(claims.string_or("sub", "")),
                      .key_id = std::string(claims.string_or("key", ""))};
  const Json* expires = claims.find("exp");
  const Json* topics = claims.find("topics");
  if (listening.user_id.empty() || expires == nullptr || !expires->is_integer() ||
      topics == nullptr || !topics->is_array()) {
    return not_valid();
  }
  listening.expires_at = expires->as_integer();
  for (const auto& topic : topics->as_array()) {
    const bool is_pair = topic.is_array() && topic.as_array().size() == 2 &&
                         topic.as_array()[0].is_string() && topic.as_array()[1].is_string();
    if (!is_pair) return not_valid();
    listening.topics.push_back({topic.as_array()[0].as_string(), topic.as_array()[1].as_string()});
  }
  return listening;
}

}  // namespace

ListeningTokens::ListeningTokens(std::string_view secret)
    : key_(bytes_of(hmac_sha256(secret, "realtime token"))) {}

std::string ListeningTokens::sign(std::string_view text) const {
  return to_base64url(bytes_of(hmac_sha256(key_, text)));
}

Result<std::string> ListeningTokens::make(const Listening& listening) const {
  Json topics = Json::array();
  for (const auto& [channel, name] : listening.topics) {
    topics.push_back(Json::array().push_back(channel).push_back(name));
  }
  Json claims = Json::object(
      {{"sub", listening.user_id}, {"exp", listening.expires_at}, {"topics", std::move(topics)}});
  if (!listening.key_id.empty()) claims.set("key", listening.key_id);
  const auto text = claims.dump();
  if (text.size() > kBytesMax) {
    return fail(Code::kPayloadTooLarge, "These are more topics than a token has room for");
  }
  std::string token(kHeader);
  token.append(".").append(to_base64url(text));
  const auto signature = sign(token);
  return token.append(".").append(signature);
}

Result<Listening> ListeningTokens::read(std::string_view token, std::int64_t unix_seconds) const {
  const auto end = token.rfind('.');
  if (end == std::string_view::npos || token.size() > 2 * kBytesMax) return not_valid();
  const auto text = token.substr(0, end);
  const auto signature = sign(text);
  if (!is_equal_in_constant_time(signature, token.substr(end + 1))) return not_valid();
  if (!text.starts_with(kHeader) || text.size() <= kHeader.size()) return not_valid();
  const auto claims_text = from_base64url(text.substr(kHeader.size() + 1));
  const auto claims = claims_text ? parse_json(*claims_text) : fail(Code::kParseError, "");
  if (!claims) return not_valid();
  auto listening = read_claims(*claims);
  if (!listening) return listening;
  // Clocks of nodes differ.
  const bool is_of_later = listening->expires_at > unix_seconds + 2 * kSeconds;
  if (listening->expires_at <= unix_seconds || is_of_later) {
    return fail(Code::kUnauthorized, "The token has expired");
  }
  return listening;
}

}  // namespace synap::inngest
