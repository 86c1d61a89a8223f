// /metrics and the meters of procedures, as a client sees them.
#include "api/metrics_page.h"

#include <gtest/gtest.h>

#include "api/front.h"
#include "api/procedures.h"
#include "api/test_keys.h"
#include "net/server.h"
#include "net/test_client.h"

namespace synap::api {
namespace {

constexpr std::string_view kMetricsKey = "a key for scrapes";

std::string bearer(std::string_view key) {
  return "authorization: Bearer " + std::string(key) + "\r\n";
}

struct Watch {
  std::string what;
};
const ObjectSchema<Watch>& describe(Type<Watch>) {
  static const auto schema = object<Watch>("Watch").field("what", &Watch::what);
  return schema;
}

class MetricsPageTest : public testing::Test {
 protected:
  MetricsPageTest() {
    rig_.open();
    owner_ = sync_wait(executor_, rig_.keys->create_user("ann", Role::kOwner))->key;
    member_ = sync_wait(executor_, rig_.keys->create_user("bob", Role::kMember))->key;
    metrics_.add("synap_number", Metrics::Type::kGauge, "A number.", [] { return 7.0; });
    add_query<void, std::string>(table_, "say", {},
                                 [](Session) -> Task<Result<std::string>> { co_return "yes"; });
    add_query<void, std::string>(table_, "fail", {}, [](Session) -> Task<Result<std::string>> {
      co_return fail(Code::kConflict, "no");
    });
    add_mutation<void, std::string>(table_, "change", {.effects = rpc::Effects::kAppends},
                                    [](Session) -> Task<Result<std::string>> { co_return "yes"; });
    add_query<std::vector<std::string>, std::string>(
        table_, "join", {},
        [](Session, std::vector<std::string>) -> Task<Result<std::string>> { co_return "yes"; });
    table_.add({.path = "open",
                .kind = rpc::Kind::kQuery,
                .input = {},
                .output = schema_of<std::string>(),
                .meta = {.access = rpc::Access::kPublic},
                .handler = [](rpc::Call) -> Task<Result<rpc::Reply>> {
                  co_return rpc::Reply(rpc::Text("\"yes\""));
                }});
    add_subscription<Watch, std::string>(table_, "watch", {},
                                         [](Session, Watch) { return three(); });
  }
  void TearDown() override { server_.reset(); }

  static rpc::Items three() {
    for (const char* data : {"1", "2", "3"}) co_yield rpc::Item{"id", data};
    co_return rpc::Text{};
  }

  net::TestClient client(std::string metrics_key = std::string(kMetricsKey)) {
    server_.reset();
    front_ = std::make_unique<Front>(FrontOptions{}, table_, *rig_.keys,
                                     []() -> Task<Result<>> { co_return Result<>{}; });
    front_->mount(
        {.prefix = "/metrics",
         .handler = std::make_shared<MetricsPage>(metrics_, *rig_.keys, std::move(metrics_key)),
         .has_any_name = true});
    server_ = std::make_unique<net::HttpServer>(net::ServerOptions{}, *front_);
    EXPECT_TRUE(server_->start());
    return net::TestClient(server_->port());
  }
  std::uint64_t calls(std::string_view path, std::optional<Code> code = {}) {
    return table_.find(path)->meter->calls(code);
  }

  ThreadExecutor executor_{"test"};
  TestKeys rig_;
  std::string owner_;
  std::string member_;
  Metrics metrics_;
  rpc::ProcedureTable table_;
  std::unique_ptr<Front> front_;
  std::unique_ptr<net::HttpServer> server_;
};

TEST_F(MetricsPageTest, IsForAnOwnerAndForTheMetricsKey) {
  auto asker = client();
  for (const auto& key : {owner_, std::string(kMetricsKey)}) {
    const auto answer = asker.get("/metrics", bearer(key));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("content-type"), Metrics::kContentType);
    EXPECT_EQ(answer.body,
              "# HELP synap_number A number.\n# TYPE synap_number gauge\nsynap_number 7\n");
  }
  EXPECT_EQ(asker.get("/metrics", bearer(member_)).status, 403);
  const auto wrong = asker.get("/metrics", bearer("a key for scrapeS"));
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.header("www-authenticate"), "Bearer");
  EXPECT_EQ(wrong.body.find("synap_number"), std::string::npos);
  EXPECT_EQ(asker.get("/metrics").status, 401);
}

// Nine of ten lines are buckets, which the page of the pod asks for every two seconds and does not
// show.
TEST_F(MetricsPageTest, LeavesBucketsOutIfItIsAskedTo) {
  Histogram histogram = Histogram::of_latency();
  histogram.observe(std::chrono::seconds(1));
  metrics_.add("synap_time_seconds", Metrics::Type::kHistogram, "A time.",
               [&](Samples& samples) { samples.add({{"of", "x_bucket"}}, histogram); });
  auto asker = client();
  const auto all = asker.get("/metrics", bearer(kMetricsKey)).body;
  EXPECT_NE(all.find("synap_time_seconds_bucket{"), std::string::npos);
  const auto some = asker.get("/metrics?buckets=no", bearer(kMetricsKey)).body;
  EXPECT_EQ(some.find("synap_time_seconds_bucket"), std::string::npos);
  EXPECT_NE(some.find("synap_time_seconds_count{of=\"x_bucket\"} 1\n"), std::string::npos);
  EXPECT_NE(some.find("\nsynap_number 7\n"), std::string::npos);
}

TEST_F(MetricsPageTest, WithoutAMetricsKeyAnEmptyOneIsNone) {
  auto asker = client("");
  EXPECT_EQ(asker.get("/metrics", bearer("")).status, 401);
  EXPECT_EQ(asker.get("/metrics", bearer(kMetricsKey)).status, 401);
  EXPECT_EQ(asker.get("/metrics", bearer(owner_)).status, 200);
}

TEST_F(MetricsPageTest, IsReadWithGetOrHeadAndNothingElse) {
  auto asker = client();
  asker.request("HEAD", "/metrics", bearer(kMetricsKey));
  EXPECT_EQ(asker.read_head().status, 200);
  auto poster = client();
  const auto refused = poster.post("/metrics", "x", bearer(kMetricsKey));
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.header("allow"), "GET, HEAD");
  EXPECT_EQ(client().upgrade("/metrics", bearer(kMetricsKey)).status, 404);
}

TEST_F(MetricsPageTest, EachCallIsCountedByWhatCameOfIt) {
  auto asker = client();
  asker.get("/trpc/say", bearer(owner_));
  asker.get("/trpc/say,say,fail?batch=1", bearer(owner_));
  asker.get("/trpc/fail", bearer(owner_));
  EXPECT_EQ(calls("say"), 3u);
  EXPECT_EQ(calls("fail"), 0u);
  EXPECT_EQ(calls("fail", Code::kConflict), 2u);
  EXPECT_EQ(table_.find("say")->meter->latency().count(), 3u);
}

TEST_F(MetricsPageTest, CallsThatAreRefusedBeforeTheyBeginAreCountedUnderTheirProcedure) {
  auto asker = client();
  asker.get("/trpc/say");                             // a stranger
  asker.get("/trpc/say,nothing?batch=1");             // of whom this procedure is hidden, too
  asker.get("/trpc/change", bearer(owner_));          // not with this method
  asker.get("/trpc/join?input=%7B", bearer(owner_));  // no JSON
  asker.get("/trpc/nothing", bearer(owner_));         // no procedure
  asker.get("/api/say");
  asker.get("/api/nothing", bearer(owner_));
  asker.request("POST", "/api/join", bearer(owner_) + "content-type: application/json\r\n", "{");
  asker.read_response();
  EXPECT_EQ(calls("say", Code::kUnauthorized), 3u);
  EXPECT_EQ(calls("change", Code::kMethodNotSupported), 1u);
  EXPECT_EQ(table_.find("say")->meter->latency().count(), 0u) << "they took no time";
  const auto& none = table_.meter_of_none();
  EXPECT_EQ(none.calls(Code::kNotFound) + none.calls(Code::kUnauthorized), 3u);
}

TEST_F(MetricsPageTest, AStreamIsOpenUntilItIsLetGoOf) {
  auto context = std::make_shared<CallContext>(*rig_.keys);
  context->actor = rig_.keys->authenticate(owner_);
  const auto& watch = *table_.find("watch");
  const auto open = [&]() -> Task<std::int64_t> {
    rpc::Call call{.context = context};
    call.input.json = Json::object({{"what", "all"}});
    auto reply = co_await watch.handler(std::move(call));
    auto items = std::get<rpc::Items>(std::move(*reply));
    EXPECT_TRUE(co_await items.next());
    co_return watch.meter->streams();
  };
  EXPECT_EQ(sync_wait(executor_, open()), 1);
  EXPECT_EQ(watch.meter->streams(), 0) << "let go of in the middle";
  EXPECT_EQ(calls("watch"), 1u);
}

TEST_F(MetricsPageTest, ACallWhoseCallerIsGoneIsCountedToo) {
  auto context = std::make_shared<CallContext>(*rig_.keys);
  context->actor = rig_.keys->authenticate(owner_);
  {
    // A frame that is made and destroyed before it ends.
    auto call = table_.find("say")->handler({.context = context});
  }
  EXPECT_EQ(calls("say", Code::kClientClosedRequest), 1u);
}

TEST_F(MetricsPageTest, RefusedKeysAndHostsAreCounted) {
  auto asker = client();
  asker.get("/trpc/say", bearer("synap_wrong"));
  asker.get("/trpc/say");  // none was sent
  EXPECT_EQ(rig_.keys->refused(), 1u);
  // Asked for once to admit, and once more to serve: the key of one request all the same.
  EXPECT_EQ(asker.get("/trpc/open", bearer("synap_wrong")).status, 200);
  EXPECT_EQ(asker.get("/api/open", bearer("synap_wrong")).status, 200);
  EXPECT_EQ(rig_.keys->refused(), 3u);
  net::TestClient other(server_->port());
  other.send("GET /trpc/health HTTP/1.1\r\nhost: evil.example\r\n\r\n");
  EXPECT_EQ(other.read_response().status, 403);
  EXPECT_EQ(front_->hosts_refused(), 1u);
  EXPECT_EQ(server_->statistics().responses[4], 3u);
}

}  // namespace
}  // namespace synap::api
