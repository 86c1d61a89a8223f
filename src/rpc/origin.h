// Origin: where a call comes from, as any protocol can tell it. A protocol fills it; whoever makes
// contexts reads it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "net/http.h"
#include "rpc/procedure.h"

namespace synap::rpc {

/// Of an Idempotency-Key, with which a caller names one mutation.
inline constexpr std::size_t kIdempotencyKeyCharactersMax = 200;
/// How those begin that the pod gives the calls of what was accepted: nobody else gives one.
inline constexpr std::string_view kReservedIdempotencyKeys = "proposal:";

/// Of one request, or of a connection over which calls come later. It is good for as long as the
/// request is.
struct Origin {
  const net::Headers& headers;
  std::string peer;                       // "127.0.0.1"
  std::optional<Json> connection_params;  // an object of strings that the client sent, or nothing
  /// Whether this is a connection: what its headers say of one call is said of none of its calls.
  bool is_connection = false;
  std::vector<std::string> paths = {};  // of the calls, where they are known
  std::optional<Kind> kind = {};        // of all of them; nothing where it is not known
  /// Caller::known of the request; null where nobody was identified before.
  std::shared_ptr<const void> caller = {};
};

/// Who calls, as far as the head of a request tells.
struct Caller {
  std::string account;                // on which its bytes are (net/budget.h)
  std::shared_ptr<const void> known;  // for whoever makes the context of its calls
};

}  // namespace synap::rpc
