#include "workers/fetch.h"

#include <fmt/format.h>

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
                           shown(answer->body)))
              .dump());
    });
  }
  static std::string shown(std::string_view body) {
    return body.size() < 100 ? to_base64url(body) : to_hex(sha256(body));
  }
  std::string run() {
    append();
    wait_until_idle();
    return text_of("SELECT status || ' ' || coalesce(output, error) FROM runs_data");
  }

  const std::string kManyHeaders = "x-kind: many\r\nx-more: " + std::string(60'000, '"') + "\r\n";
  std::string body;
  std::atomic<int> calls = 0;
  std::atomic<int> asked = 0;
  outbound::TestServer server{[this](outbound::Wire& wire, const outbound::Seen& seen) {
    ++asked;
    if (seen.line.contains("/no-http-once") && asked == 1) {
      wire.send("what is this\r\n\r\n");
    } else if (seen.line.contains("/body")) {
      wire.send(outbound::answer(200, body, kManyHeaders));
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

// Of one kind of byte each: no UTF-8, what takes six bytes in JSON, what takes two, and a text.
class FullFetchTest : public FetchTest, public testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Bytes, FullFetchTest, testing::Values(0xff, 0x01, '"', 'x'));

TEST_P(FullFetchTest, ABodyOfTheMostBytesIsKeptWhateverTheyAre) {
  body = std::string(kFetchedBytesMax, static_cast<char>(GetParam()));
  start_fetching("/body");
  EXPECT_EQ(run(), "completed \"200 many " + shown(body) + "\"");
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(asked, 1);
}

TEST_F(FetchTest, ABodyIsKeptInTheShorterForm) {
  // As long in both, with a character at each place where it may be cut.
  body = "aa";
  for (int i = 0; i < 1'400; ++i) body += "€";
  body += std::string(2'101, '\n');
  start_fetching("/body");
  run();
  EXPECT_THAT(text_of("SELECT memo FROM run_steps_data"), testing::HasSubstr(R"("text":"aa€)"));
}

TEST_F(FetchTest, ABodyIsKeptInTheShorterFormEvenByOneByte) {
  body = "aab\n\n\n";
  start_fetching("/body");
  run();
  EXPECT_THAT(text_of("SELECT memo FROM run_steps_data"),
              testing::HasSubstr("\"base64url\":\"" + to_base64url(body) + "\""));
}

TEST_F(FetchTest, WhatIsTooLargeIsAskedOnce) {
  start_fetching("/large");
  EXPECT_THAT(run(), testing::StartsWith(R"(failed {"name":"PAYLOAD_TOO_LARGE")"));
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace synap::workers
