// SSE and JSONL towards readers that are slow, leave, or stay too long.
#include <gtest/gtest.h>

#include "base/executor.h"
#include "schema/schema.h"
#include "trpc/server.h"

namespace synap::trpc {
namespace {

using std::chrono::milliseconds;

class FakeWriter final : public net::BodyWriter {
 public:
  Task<bool> write(std::string_view chunk) override {
    if (chunks.size() >= chunks_max) co_return false;
    chunks.emplace_back(chunk);
    if (pause.count() > 0) co_await sleep_for(pause);
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
      ++made_;
      co_yield rpc::Item{std::to_string(made_), "1"};
      if (pause_.count() > 0) co_await sleep_for(pause_, stop);
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
    sync_wait(executor_, body());
  }

  Options options_;
  rpc::ProcedureTable table_;
  FakeWriter writer_;
  net::Headers headers_;
  std::stop_source gone_;
  milliseconds pause_{0};
  int made_ = 0;
  bool was_stopped_ = false;
  ThreadExecutor executor_{"test"};
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
  // The head and an item each 20 ms, and one more that was made when the time was up.
  EXPECT_LE(made_, 7);
  EXPECT_LE(writer_.chunks.size(), 7u);
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
  options_.sse_duration_max = milliseconds(100);
  pause_ = milliseconds(5);
  serve("/forever");
  EXPECT_EQ(writer_.text().find("ping"), std::string::npos);
  writer_.chunks.clear();
  pause_ = milliseconds(1000);
  serve("/forever");
  EXPECT_NE(writer_.text().find("event: ping\ndata: \n\n"), std::string::npos);
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
  writer_.pause = milliseconds(5);
  std::thread stopper([this] {
    std::this_thread::sleep_for(milliseconds(60));
    gone_.request_stop();
  });
  serve("/items", "batch=1");
  stopper.join();
  EXPECT_TRUE(was_stopped_);
}

}  // namespace
}  // namespace synap::trpc
