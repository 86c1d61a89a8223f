// Result, Error and Code: how anything in Synap says that it did not work.
//
// A Code is one of a closed list. The list is the one that tRPC v11 can say over the wire
// (docs/GLOSSARY.md, "code"), because every refusal ends as an answer to somebody: one table
// (`info`) tells for each code the HTTP status, the wire name and number, and whether trying again
// can help. An Error is a value; it is free to make a Result that is fine.
//
// Exceptions never cross a room. What a caller can cause is an Error; what only a programmer can
// cause is a CHECK (check.h).
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace synap {

class Json;

enum class Code : std::uint8_t {
  kParseError,
  kBadRequest,
  kUnauthorized,
  kPaymentRequired,
  kForbidden,
  kNotFound,
  kMethodNotSupported,
  kTimeout,
  kConflict,
  kPreconditionFailed,
  kPayloadTooLarge,
  kUnsupportedMediaType,
  kUnprocessableContent,
  kPreconditionRequired,
  kTooManyRequests,
  kClientClosedRequest,
  kInternalServerError,
  kNotImplemented,
  kBadGateway,
  kServiceUnavailable,
  kGatewayTimeout,
};

/// Why a store (the database, the content) cannot do what it was asked: what an operator has to
/// mend, where a Code only tells a caller what to expect.
enum class Fault : std::uint8_t {
  kNone,
  kFull,     // no room; goes away when there is some
  kBusy,     // others have it; goes away by itself
  kDamaged,  // what is stored is not what was stored: trying again can only make it worse
  kGone,     // the disk, the file or the right to it is not there
  kBlocked,  // something else stands at one name: that one cannot be had, all others can
};

inline constexpr int kCodeCount = static_cast<int>(Code::kGatewayTimeout) + 1;

struct CodeInfo {
  std::string_view name;  // "NOT_FOUND": data.code of a tRPC error
  int json_rpc;           // -32004: error.code of a tRPC error
  int http_status;        // 404
  bool retriable;         // true where the same call can succeed later; ask Error::is_retriable
};

/// The one table. Source: tRPC v11's TRPC_ERROR_CODES_BY_KEY and its HTTP status map.
const CodeInfo& info(Code code);

/// The code with this wire name ("NOT_FOUND"), or nullptr.
const Code* code_by_name(std::string_view name);

struct Error {
  Code code = Code::kInternalServerError;
  /// One sentence for the caller: what was wrong, where, what is allowed. Never internals.
  std::string message;
  /// Machine-readable facts for the caller, an object, or null. Validation failures carry
  /// {"issues":[...]} in zod's issue shape; conflicts {"actualVersion":n}.
  std::shared_ptr<const Json> details = nullptr;
  Fault fault = Fault::kNone;

  /// True where the same call can succeed later without a change of it.
  bool is_retriable() const;
};

template <class T = void>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(Code code, std::string message) {
  return std::unexpected(Error{code, std::move(message), nullptr});
}
[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected(std::move(error));
}

}  // namespace synap
