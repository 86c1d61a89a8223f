// What an HTTP request asks for: which calls, how the answer is to be framed, and with what input.
// Follows getRequestInfo of @trpc/server 11.25.2; nothing here has run anything yet.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "net/http.h"
#include "rpc/procedure.h"
#include "trpc/server.h"

namespace synap::trpc {

struct PlannedCall {
  std::string path;
  const rpc::Procedure* procedure = nullptr;  // of `path`, if there is one
  /// Known before anything runs: no such path, not with this method, not in a batch.
  std::optional<Error> refusal;
};

/// Whose account it is where nobody is asked who he is.
inline constexpr std::string_view kEverybody = "everybody";

enum class BodyKind { kJson, kForm, kBytes };

struct DecodedRequest {
  std::vector<PlannedCall> calls;  // one at least
  bool is_batch = false;
  bool wants_jsonl = false;
  /// The kind of all calls whose procedure exists; nothing if none does.
  std::optional<rpc::Kind> kind;
  BodyKind body = BodyKind::kJson;
  std::optional<Json> connection_params;
  std::string last_event_id;  // what a resuming subscription says it saw last; empty: nothing
  std::string allow;          // for the answer to a method that is not allowed; else empty
};

/// Reads path, query and headers. An Error here is the whole request's.
Result<DecodedRequest> decode_request(const Options& options, const rpc::ProcedureTable& procedures,
                                      const net::Request& request);

/// The input of each call. Reads nothing for procedures that take none, so that a broken input
/// they would not look at does no harm, as in the official server.
std::vector<Result<rpc::Input>> decode_inputs(const DecodedRequest& decoded,
                                              const net::Request& request);

/// `input` for a subscription that resumes: lastEventId is set in an object, becomes one in place
/// of null and undefined, and is dropped beside anything else.
void set_last_event_id(std::optional<Json>& input, std::string_view last_event_id);

/// The connectionParams of a request's query, which say who calls where no header can; nothing if
/// there are none. kParseError: they are no JSON, or not of that shape.
Result<std::optional<Json>> connection_params_of(const net::Request& request);

/// connectionParams: an object of strings, or null. kParseError otherwise.
Result<std::optional<Json>> check_connection_params(const Json* value);

/// Whether a page of this request's Origin may do what a browser does without asking first.
Result<> check_origin(const Options& options, const net::Request& request);

}  // namespace synap::trpc
