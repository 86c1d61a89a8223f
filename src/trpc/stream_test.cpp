// SSE and JSONL towards readers that are slow, leave, or stay too long.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/simulated_world.h"
#include "schema/schema.h"
#include "trpc/server.h"

namespace synap::trpc {
namespace {

using std::chrono::milliseconds;

class FakeWriter final : public net::BodyWriter {
 public:
  explicit FakeWriter(World& world) : world_(world) {}
  Task<bool> write(std::string_view chunk) override {
    if (chunks.size() >= chunks_max) co_return false;
    chunks.emplace_back(chunk);
    if (pause.count() > 0) co_await world_.sleep_for(pause);
    co_return true;
  }
  std::string text() const {
    std::string all;
    for (const auto& chunk : chunks) all += chunk;
    return all;
  }

  std::vector<std::string> chunks;
  std::size_t chunks_max = 1000;
  milliseconds pause{0};

 private:
  World& world_;
};

class StreamTest : public testing::Test {
 protected:
  StreamTest() {
    options_.create_context =
        [](const RequestInfo&) -> Task<Result<std::shared_ptr<const rpc::Context>>> {
      co_return nullptr;
    };
    options_.sse_ping = milliseconds(0);
    add("forever", rpc::Kind::kSubscription);
    add("items", rpc::Kind::kQuery);
  }
  void add(std::string path, rpc::Kind kind) {
    rpc::Procedure procedure;
    procedure.path = std::move(path);
    procedure.kind = kind;
    procedure.handler = [this](rpc::Call call) -> Task<Result<rpc::Reply>> {
      co_return rpc::Reply(count(call.stop));
    };
    table_.add(std::move(procedure));
  }
  // Counts for ever, but not when it is stopped.
  rpc::Items count(std::stop_token stop) {
    const std::stop_callback on_stop(stop, [this] { was_stopped_ = true; });
    while (!stop.stop_requested()) {
      if (++made_ == stop_after_) gone_.request_stop();
      co_yield rpc::Item{std::to_string(made_), "1"};
      if (pause_.count() > 0) co_await world_.sleep_for(pause_, stop);
    }
    co_return rpc::Text();
  }

  // Serves GET `path` to the end.
  void serve(std::string path, std::string query = "") {
    net::Request request;
    request.method = "GET";
    request.path = "/trpc" + path;
    request.query = std::move(query);
    request.headers.add("trpc-accept", request.query.empty() ? "" : "application/jsonl");
    request.gone = gone_.get_token();
    Server server(options_, table_);
    auto body = [&]() -> Task<void> {
      auto response = co_await server.serve(request);
      headers_ = response.headers;
      co_await response.stream(writer_);
    };
    sync_wait(*executor_, body());
  }

  SimulatedWorld world_{1};
  Options options_{.world = world_};
  rpc::ProcedureTable table_;
  FakeWriter writer_{world_};
  net::Headers headers_;
  std::stop_source gone_;
  milliseconds pause_{0};
  int made_ = 0;
  int stop_after_ = 0;  // items; 0: the server does not stop
  bool was_stopped_ = false;
  std::unique_ptr<Executor> executor_ = world_.make_executor("test");
};

TEST_F(StreamTest, SseStopsItsHandlerWhenTheReaderIsGone) {
  writer_.chunks_max = 4;
  serve("/forever");
  EXPECT_TRUE(was_stopped_);
  EXPECT_EQ(made_, 4);
}

TEST_F(StreamTest, SseMakesNothingAheadOfASlowReader) {
  writer_.pause = milliseconds(20);
  options_.sse_duration_max = milliseconds(110);
  serve("/forever");
  // The head and an item each 20 ms: the sixth is being sent when the time is up.
  EXPECT_EQ(made_, 6);
  EXPECT_EQ(writer_.chunks.size(), 7u);
}

TEST_F(StreamTest, SseEndsWithoutReturnWhenItsTimeIsUp) {
  options_.sse_duration_max = milliseconds(50);
  pause_ = milliseconds(10);
  serve("/forever");
  EXPECT_TRUE(was_stopped_);
  EXPECT_EQ(writer_.text().find("return"), std::string::npos);
  EXPECT_TRUE(writer_.text().starts_with("event: connected\ndata: {}\n\n"));
}

TEST_F(StreamTest, SseEndsWithoutReturnWhenTheServerStops) {
  pause_ = milliseconds(10);
  gone_.request_stop();
  serve("/forever");
  EXPECT_EQ(writer_.text(), "event: connected\ndata: {}\n\n");
}

TEST_F(StreamTest, SsePingsOnlyWhileNothingElseIsSent) {
  options_.sse_ping = milliseconds(20);
  options_.sse_duration_max = milliseconds(110);
  pause_ = milliseconds(5);
  serve("/forever");
  EXPECT_EQ(writer_.text().find("ping"), std::string::npos);
  writer_.chunks.clear();
  pause_ = milliseconds(1000);
  serve("/forever");
  EXPECT_EQ(std::ranges::count(writer_.chunks, "event: ping\ndata: \n\n"), 5);
}

TEST_F(StreamTest, JsonlStopsItsCallsWhenTheReaderIsGone) {
  writer_.chunks_max = 6;
  serve("/items,items", "batch=1");
  EXPECT_TRUE(was_stopped_);
  EXPECT_LE(made_, 8);
  EXPECT_EQ(*headers_.find("content-type"), "application/json");
}

TEST_F(StreamTest, JsonlStopsItsCallsWhenTheServerStops) {
  pause_ = milliseconds(5);
  writer_.chunks_max = SIZE_MAX;
  stop_after_ = 10;
  serve("/items", "batch=1");
  EXPECT_TRUE(was_stopped_);
  EXPECT_EQ(made_, 10);
}

}  // namespace
}  // namespace synap::trpc
