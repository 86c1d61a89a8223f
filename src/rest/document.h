// Document: the description of the REST form for programs, OpenAPI 3.1, made of the procedure
// table. It holds nobody's data and is the same for everybody, so anybody may read it.
#pragma once

#include <memory>
#include <string>

#include "base/json.h"
#include "net/http.h"
#include "rpc/procedure.h"

namespace synap::rest {

struct DocumentOptions {
  std::string base_path = "/api";  // where the procedures are
  std::string public_url = {};     // where others find the pod; empty: wherever this was read
};

Json openapi_document(const DocumentOptions& options, const rpc::ProcedureTable& procedures);

/// Serves the document to GET and HEAD, with an ETag. Its text is made at the first request and
/// kept, so the table must be complete by then.
class DocumentServer final : public net::Handler {
 public:
  /// `procedures` must outlive the server.
  DocumentServer(DocumentOptions options, const rpc::ProcedureTable& procedures);
  ~DocumentServer() override;

  Task<net::Response> serve(const net::Request& head) override;
  std::optional<net::Response> refuse_upgrade(const net::Request& request) override;
  Task<void> serve_websocket(const net::Request& request, net::WebSocket& socket) override;
  net::Response refusal(const Error& error) override;

 private:
  struct Kept;
  std::unique_ptr<Kept> kept_;
};

}  // namespace synap::rest
