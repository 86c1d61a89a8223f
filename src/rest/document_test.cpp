#include "rest/document.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "base/executor.h"
#include "schema/schema.h"

namespace synap::rest {
namespace {

class RestDocument : public testing::Test {
 protected:
  RestDocument() {
    const auto list = object("ListNotes")
                          .field("tag", optional(string()), "Only these.")
                          .field_or("limit", integer().max(9), 5);
    const auto note = object("Note").field("id", string().uuid());
    add({.path = "notes.list",
         .kind = rpc::Kind::kQuery,
         .input = optional(list),
         .output = array(note),
         .meta = {.summary = "All notes."}});
    add({.path = "notes.create",
         .kind = rpc::Kind::kMutation,
         .input = note,
         .output = note,
         .meta = {.summary = "Make one.",
                  .effects = rpc::Effects::kAppends,
                  .errors = {{Code::kConflict, "It is there."}, {Code::kBadRequest, "No."}},
                  .examples = {{R"({"id":"x"})", ""}},
                  .deprecated = "Call notes.add.",
                  .keeps_idempotency_keys = true,
                  .may_be_proposed = true}});
    add({.path = "notes.offer",
         .kind = rpc::Kind::kMutation,
         .meta = {.effects = rpc::Effects::kAppends, .has_scope_of_input = true}});
    add({.path = "health",
         .kind = rpc::Kind::kQuery,
         .output = string(),
         .meta = {.summary = "Lives?", .access = rpc::Access::kPublic}});
    add({.path = "events.watch",
         .kind = rpc::Kind::kSubscription,
         .input = object("Watch").field("lastEventId", optional(string())),
         .output = note,
         .is_tracked = true,
         .meta = {.summary = "Live."}});
    add({.path = "models.stream",
         .kind = rpc::Kind::kSubscription,
         .input = note,
         .output = note,
         .is_tracked = true,
         .meta = {.effects = rpc::Effects::kAppends}});
    add({.path = "keys.revoke",
         .kind = rpc::Kind::kMutation,
         .meta = {.effects = rpc::Effects::kDestroys, .access = rpc::Access::kOwner}});
  }
  void add(rpc::Procedure procedure) {
    procedure.handler = [](rpc::Call) -> Task<Result<rpc::Reply>> {
      co_return rpc::Reply(rpc::Text());
    };
    table_.add(std::move(procedure));
  }
  // JSON text of what is at a place of the document: "paths", "/api/health", "get".
  std::string at(std::initializer_list<std::string_view> place) {
    const Json document = openapi_document({}, table_);
    const Json* found = &document;
    for (const auto step : place) {
      found = found == nullptr ? nullptr : found->find(step);
    }
    return found == nullptr ? "" : found->dump();
  }
  rpc::ProcedureTable table_;
};

TEST_F(RestDocument, HasAnOperationForEachMethod) {
  EXPECT_EQ(at({"paths", "/api/notes.list", "get", "operationId"}), "\"notes.list\"");
  EXPECT_EQ(at({"paths", "/api/notes.list", "post", "operationId"}), "\"notes.list.post\"");
  EXPECT_EQ(at({"paths", "/api/notes.create", "get"}), "");
  EXPECT_EQ(at({"paths", "/api/notes.create", "post", "operationId"}), "\"notes.create\"");
  EXPECT_EQ(at({"paths", "/api/events.watch", "post"}), "");
  EXPECT_EQ(
      at({"tags"}),
      R"([{"name":"events"},{"name":"pod"},{"name":"keys"},{"name":"models"},{"name":"notes"}])");
}

TEST_F(RestDocument, ReadsAFlatInputFromTheQuery) {
  EXPECT_EQ(at({"paths", "/api/notes.list", "get", "parameters"}),
            R"([{"name":"tag","in":"query","description":"Only these.","required":false,)"
            R"("schema":{"type":"string"}},)"
            R"({"name":"limit","in":"query","required":false,)"
            R"("schema":{"type":"integer","maximum":9,"minimum":-9007199254740991,"default":5}}])");
  EXPECT_EQ(at({"paths", "/api/notes.list", "post", "requestBody"}),
            R"({"required":false,"content":{"application/json":)"
            R"({"schema":{"$ref":"#/components/schemas/ListNotesInput"}}}})");
}

TEST_F(RestDocument, NamesEverySchemaOnce) {
  EXPECT_EQ(at({"paths", "/api/notes.list", "get", "responses", "200", "content",
                "application/json", "schema"}),
            R"({"type":"array","items":{"$ref":"#/components/schemas/Note"}})");
  EXPECT_NE(at({"components", "schemas", "Note"}), "");
  EXPECT_NE(at({"components", "schemas", "ListNotesInput"}), "");
  EXPECT_NE(at({"components", "schemas", "Problem"}), "");
  EXPECT_EQ(at({"components", "schemas", "Watch"}), "") << "nothing refers to it";
}

TEST_F(RestDocument, SaysWhatACallComesTo) {
  const auto responses = [&](std::string_view path, std::string_view method,
                             std::string_view status) {
    return at({"paths", path, method, "responses", status});
  };
  EXPECT_EQ(responses("/api/notes.list", "get", "401"),
            R"({"$ref":"#/components/responses/Unauthorized"})");
  EXPECT_EQ(responses("/api/health", "get", "401"), "");
  EXPECT_EQ(responses("/api/notes.create", "post", "409"),
            R"({"description":"It is there.","content":{"application/problem+json":)"
            R"({"schema":{"$ref":"#/components/schemas/Problem"}}}})");
  EXPECT_NE(responses("/api/notes.create", "post", "400").find("No. The input is not as"),
            std::string::npos);
  EXPECT_EQ(responses("/api/keys.revoke", "post", "200"), "");
  EXPECT_NE(responses("/api/keys.revoke", "post", "204"), "");
  EXPECT_NE(responses("/api/events.watch", "get", "200").find("text/event-stream"),
            std::string::npos);
}

TEST_F(RestDocument, SaysWhoMayCallAndWhatItDoes) {
  EXPECT_EQ(at({"paths", "/api/health", "get", "security"}), "[]");
  EXPECT_EQ(at({"paths", "/api/notes.list", "get", "security"}), "");
  EXPECT_EQ(at({"security"}), R"([{"bearer":[]}])");
  EXPECT_EQ(at({"paths", "/api/keys.revoke", "post", "x-synap-effects"}), "\"destroys\"");
  EXPECT_EQ(at({"paths", "/api/keys.revoke", "post", "x-synap-scope"}), "\"keys:write\"");
  EXPECT_EQ(at({"paths", "/api/notes.create", "post", "parameters"}),
            R"([{"$ref":"#/components/parameters/IdempotencyKey"},)"
            R"({"$ref":"#/components/parameters/CausedBy"},)"
            R"({"$ref":"#/components/parameters/Reason"}])");
  EXPECT_EQ(at({"components", "parameters", "Reason", "name"}), "\"Synap-Reason\"");
  EXPECT_EQ(at({"paths", "/api/notes.create", "post", "x-synap-proposing-scope"}),
            "\"notes:propose\"");
  EXPECT_EQ(at({"paths", "/api/keys.revoke", "post", "x-synap-proposing-scope"}), "");
  EXPECT_EQ(at({"paths", "/api/notes.offer", "post", "x-synap-scope"}), "") << "its input says";
  EXPECT_EQ(at({"paths", "/api/keys.revoke", "post", "parameters"}),
            R"([{"$ref":"#/components/parameters/CausedBy"},)"
            R"({"$ref":"#/components/parameters/Reason"}])");
  EXPECT_EQ(at({"paths", "/api/models.stream", "post", "parameters"}),
            R"([{"$ref":"#/components/parameters/CausedBy"},)"
            R"({"$ref":"#/components/parameters/Reason"}])")
      << "it appends";
  EXPECT_EQ(at({"components", "parameters", "CausedBy", "name"}), "\"Synap-Caused-By\"");
  EXPECT_EQ(at({"paths", "/api/notes.list", "post", "parameters"}), "") << "it appends nothing";
  EXPECT_EQ(at({"paths", "/api/notes.create", "post", "deprecated"}), "true");
  EXPECT_EQ(at({"paths", "/api/notes.create", "post", "requestBody", "content", "application/json",
                "examples"}),
            R"({"example1":{"value":{"id":"x"}}})");
}

TEST_F(RestDocument, IsFoundWhereThePodIs) {
  EXPECT_EQ(at({"servers"}), R"([{"url":"/"}])");
  EXPECT_EQ(openapi_document({.public_url = "https://a.example/"}, table_).find("servers")->dump(),
            R"([{"url":"https://a.example"}])");
}

std::string unzipped(std::string_view gzip) {
  z_stream stream{};
  SYNAP_CHECK(inflateInit2(&stream, MAX_WBITS + 16) == Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(gzip.data()));
  stream.avail_in = static_cast<uInt>(gzip.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  SYNAP_CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST_F(RestDocument, IsSentOnceToWhoeverKeepsIt) {
  ThreadExecutor executor{"test"};
  DocumentServer server({}, table_);
  const auto ask = [&](std::string method, net::Headers headers) {
    const net::Request request{.method = std::move(method), .headers = std::move(headers)};
    return sync_wait(executor, server.serve(request));
  };
  const auto first = ask("GET", {});
  EXPECT_EQ(first.status, 200);
  EXPECT_TRUE(parse_json(first.body.view()));
  const std::string tag = *first.headers.find("etag");
  EXPECT_EQ(ask("GET", {{"if-none-match", "\"x\", " + tag}}).status, 304);
  EXPECT_EQ(ask("GET", {{"if-none-match", "W/" + tag}}).status, 304);
  EXPECT_EQ(ask("GET", {{"if-none-match", "\"x\""}}).status, 200);
  EXPECT_EQ(ask("HEAD", {}).status, 200);
  // Compressed once, for those who take it so; another encoding is another tag.
  const auto small = ask("GET", {{"accept-encoding", "br, gzip;q=0.5"}});
  EXPECT_EQ(*small.headers.find("content-encoding"), "gzip");
  EXPECT_EQ(*small.headers.find("vary"), "accept-encoding");
  EXPECT_EQ(unzipped(small.body.view()), first.body.view());
  EXPECT_LT(small.body.view().size() * 3, first.body.view().size());
  const std::string small_tag = *small.headers.find("etag");
  EXPECT_NE(small_tag, tag);
  EXPECT_EQ(ask("GET", {{"accept-encoding", "gzip"}, {"if-none-match", small_tag}}).status, 304);
  EXPECT_EQ(ask("GET", {{"accept-encoding", "gzip;q=0"}}).headers.find("content-encoding"),
            nullptr);
  const auto refused = ask("POST", {});
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(*refused.headers.find("allow"), "GET, HEAD");
}

}  // namespace
}  // namespace synap::rest
