// Tokens with which somebody listens to topics: JWTs (HS256) that the pod has signed. They are made
// for who has a key, and handed to who has none, a web page mostly: they say whose topics, which of
// them, and until when.
//
//   claims   {"sub": user, "key"?: id of the API key it was made with, "exp": Unix seconds,
//             "topics": [[channel, name], ...]}
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace synap::inngest {

struct Topic {
  std::string channel;
  std::string name;
  friend auto operator<=>(const Topic&, const Topic&) = default;
};

struct Listening {
  std::string user_id;
  std::string key_id;  // empty: it was made with none that could end
  std::vector<Topic> topics;
  std::int64_t expires_at = 0;  // Unix seconds
};

class ListeningTokens {
 public:
  /// How long a token is good.
  static constexpr std::int64_t kSeconds = 15 * 60;
  /// Of all claims; a token goes into a URL.
  static constexpr std::size_t kBytesMax = 4'096;

  /// `secret` is the pod's; other uses of it have other keys.
  explicit ListeningTokens(std::string_view secret);

  /// kPayloadTooLarge: more topics than a URL has room for.
  Result<std::string> make(const Listening& listening) const;
  /// kUnauthorized: it is none of this pod's, or has expired; or it was made by a clock that was
  /// ahead, and would be good for longer than the others.
  Result<Listening> read(std::string_view token, std::int64_t unix_seconds) const;

 private:
  std::string sign(std::string_view text) const;

  const std::string key_;
};

}  // namespace synap::inngest
