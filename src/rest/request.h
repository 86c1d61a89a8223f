// What a request to a procedure's REST form asks for: which procedure, by what it was called, and
// with which input. Nothing here has run anything yet.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "net/http.h"
#include "rpc/procedure.h"

namespace synap::rest {

/// What can be told from the head of a request.
struct Target {
  const rpc::Procedure* procedure = nullptr;  // nullptr: there is none there
  std::string allow = {};                     // of a method that is not allowed; else empty
};

/// Whether GET can call it: all it takes can be said in a URL, and it changes nothing.
bool takes_get(const rpc::Procedure& procedure);
/// Whether POST can: all but subscriptions that GET can call, which a browser resumes by itself.
bool takes_post(const rpc::Procedure& procedure);

/// Fills `target` in and says what is wrong with the head. kNotFound, kMethodNotSupported,
/// kUnsupportedMediaType, kBadRequest.
Result<> find_target(std::string_view base_path, const rpc::ProcedureTable& procedures,
                     const net::Request& head, Target& target);

/// The input of a request whose head was found right. kParseError, kBadRequest.
Result<rpc::Input> read_input(const rpc::Procedure& procedure, const net::Request& request);

}  // namespace synap::rest
