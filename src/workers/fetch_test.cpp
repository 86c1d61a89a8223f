#include "workers/fetch.h"

#include "outbound/test_server.h"
#include "workers/pool_test.h"

namespace synap::workers {
namespace {

class FetchTest : public WorkerPoolTest {
 protected:
  // Fetches, and is called a second time before it says what it was given.
  void start_fetching(std::string path) {
    start([this, path](const Event&, Step& step) -> Task<Outcome> {
      auto answer =
          co_await fetch(step, "ask", client, {.url = server.url(path)}, std::chrono::seconds(5));
      if (!answer) co_return Outcome::failed(answer.error());
      if (++calls == 1) co_return Outcome::failed_retry_in({Code::kTimeout, "", nullptr}, 0);
      const auto* kind = outbound::find(answer->headers, "x-kind");
      co_return Outcome::done(
          Json(fmt::format("{} {} {}", answer->status, kind != nullptr ? *kind : "none",
                           to_base64url(answer->body)))
              .dump());
    });
  }
  std::string run() {
    append();
    wait_until_idle();
    return text_of("SELECT status || ' ' || coalesce(output, error) FROM runs_data");
  }

  std::atomic<int> calls = 0;
  std::atomic<int> asked = 0;
  outbound::TestServer server{[this](outbound::Wire& wire, const outbound::Seen& seen) {
    ++asked;
    if (seen.line.contains("/no-http-once") && asked == 1) {
      wire.send("what is this\r\n\r\n");
    } else if (seen.line.contains("/large")) {
      wire.send(outbound::answer(200, std::string(kFetchedBytesMax + 1, 'x')));
    } else {
      wire.send(outbound::answer(503, "caf\xe9 \"\x01", "x-kind: caf\xe9\r\n"));
    }
  }};
  outbound::Client client{outbound::Policy::anywhere()};
};

TEST_F(FetchTest, AnAnswerOfAnyStatusAndAnyBytesIsGivenAgainByLaterCalls) {
  start_fetching("/any");
  EXPECT_EQ(run(), R"(completed "503 caf? )" + to_base64url("caf\xe9 \"\x01") + "\"");
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(asked, 1);
}

TEST_F(FetchTest, WhatIsNoAnswerIsAskedForAgain) {
  start_fetching("/no-http-once");
  EXPECT_THAT(run(), testing::StartsWith("completed \"503 "));
  EXPECT_EQ(asked, 2);
}

TEST_F(FetchTest, WhatIsTooLargeIsAskedOnce) {
  start_fetching("/large");
  EXPECT_THAT(run(), testing::StartsWith(R"(failed {"name":"PAYLOAD_TOO_LARGE")"));
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace synap::workers
