#include "rest/document.h"

#include <zlib.h>

#include <mutex>
#include <utility>

#include "base/check.h"
#include "base/crypto.h"
#include "net/accept.h"
#include "net/etag.h"
#include "rest/operations.h"
#include "rest/problem.h"
#include "rest/request.h"
#include "schema/export.h"

namespace synap::rest {
namespace {

Json info_of_pod() {
  return Json::object(
      {{"title", "Synap"},
       {"version", SYNAP_VERSION},
       {"description",
        "An event-sourced data pod: every change is an event. What can be read with a flat input "
        "is read by GET; everything can be called by POST with a JSON body. Errors are "
        "application/problem+json (RFC 9457). The same procedures are served as tRPC at /trpc, "
        "where they can also be called in batches and over WebSocket."},
       {"license", Json::object({{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}})}});
}

Json servers(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  if (url.empty()) url = "/";
  return Json::Array{Json::object({{"url", std::move(url)}})};
}

Json schemas(const rpc::ProcedureTable& procedures) {
  std::vector<Schema> inputs;
  std::vector<Schema> outputs;
  for (const auto* procedure : procedures.all()) {
    // The input of a subscription is said in parameters, member by member.
    if (takes_post(*procedure)) inputs.push_back(procedure->input);
    outputs.push_back(procedure->output);
  }
  Json all = json_schema_definitions(inputs, outputs, kSchemaPrefix);
  SYNAP_CHECK(all.find("Problem") == nullptr, "Problem is the name of an error's shape");
  return all.set("Problem", problem_schema());
}

// The text as a gzip file (RFC 1952); empty where there is no memory for it.
std::string gzipped(std::string_view text) {
  constexpr int kGzip = 16;  // added to the window: with gzip's head and sum
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzip, MAX_MEM_LEVEL,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return {};
  }
  std::string out(deflateBound(&stream, text.size()), '\0');
  // zlib only reads it.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool is_whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(is_whole ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

}  // namespace

Json openapi_document(const DocumentOptions& options, const rpc::ProcedureTable& procedures) {
  Json paths = Json::object();
  Json tags = Json::array();
  std::string group;
  for (const auto* procedure : procedures.all()) {
    Json item = path_item(*procedure);
    if (item.as_object().empty()) continue;
    paths.set(options.base_path + "/" + procedure->path, std::move(item));
    // In the order of their paths the procedures of a group are neighbours, but for those of "pod".
    if (std::exchange(group, group_of(*procedure)) == group) continue;
    Json tag = Json::object({{"name", group}});
    if (std::ranges::find(tags.as_array(), tag) == tags.as_array().end()) {
      tags.push_back(std::move(tag));
    }
  }
  const Json bearer = Json::object({{"type", "http"},
                                    {"scheme", "bearer"},
                                    {"description", "An API key of the pod: synap_..."}});
  return Json::object(
      {{"openapi", "3.1.0"},
       {"info", info_of_pod()},
       {"servers", servers(options.public_url)},
       {"security", Json::Array{Json::object({{"bearer", Json::array()}})}},
       {"tags", std::move(tags)},
       {"paths", std::move(paths)},
       {"components", Json::object({{"schemas", schemas(procedures)},
                                    {"responses", shared_responses()},
                                    {"parameters", shared_parameters()},
                                    {"securitySchemes", Json::object({{"bearer", bearer}})}})}});
}

// Made by whoever asks first: a start does not wait for what nobody may ask for.
struct DocumentServer::Kept {
  DocumentOptions options;
  const rpc::ProcedureTable& procedures;
  std::once_flag is_made = {};
  std::string text = {};
  std::string tag = {};
  std::string compressed = {};      // empty: it could not be
  std::string compressed_tag = {};  // RFC 9110 8.8.3.3: other bytes have another tag

  void make() {
    std::call_once(is_made, [this] {
      text = openapi_document(options, procedures).dump();
      compressed = gzipped(text);
      const auto name = to_hex(sha256(text)).substr(0, 32);
      tag = '"' + name + '"';
      compressed_tag = '"' + name + "-gzip\"";
    });
  }
};

DocumentServer::DocumentServer(DocumentOptions options, const rpc::ProcedureTable& procedures)
    : kept_(new Kept{std::move(options), procedures}) {}

DocumentServer::~DocumentServer() = default;

Task<net::Response> DocumentServer::serve(const net::Request& head) {
  if (head.method != "GET" && head.method != "HEAD") {
    auto refused = refusal({Code::kMethodNotSupported, "The document can be read, and no more"});
    refused.headers.add("allow", "GET, HEAD");
    co_return refused;
  }
  kept_->make();
  net::Response response;
  const bool is_compressed =
      !kept_->compressed.empty() && net::accepts(head, "accept-encoding", "gzip");
  const auto& tag = is_compressed ? kept_->compressed_tag : kept_->tag;
  response.headers = {{"etag", tag}, {"cache-control", "no-cache"}, {"vary", "accept-encoding"}};
  const std::string* known = head.headers.find("if-none-match");
  if (known != nullptr && net::has_etag(*known, tag)) {
    response.status = 304;
    co_return response;
  }
  response.headers.add("content-type", "application/json");
  if (is_compressed) response.headers.add("content-encoding", "gzip");
  // The text is there for as long as the server that sends it.
  response.body = net::ResponseBody::of_static(is_compressed ? kept_->compressed : kept_->text);
  co_return response;
}

std::optional<net::Response> DocumentServer::refuse_upgrade(const net::Request&) {
  return refusal({Code::kNotFound, "A WebSocket is served at /trpc"});
}

Task<void> DocumentServer::serve_websocket(const net::Request&, net::WebSocket&) {
  co_return;
}

net::Response DocumentServer::refusal(const Error& error) {
  return problem_response(error);
}

}  // namespace synap::rest
