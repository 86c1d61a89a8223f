#include "net/request_parser.h"

#include <gtest/gtest.h>

namespace synap::net {
namespace {

constexpr RequestParser::Limits kLimits{.header_bytes_max = 256, .body_bytes_max = 64};
using State = RequestParser::State;

// What comes of `bytes` when they arrive `step` at a time.
struct Outcome {
  State state = State::kHead;
  int status = 0;
  std::optional<Request> request;
  std::string rest;
  bool keeps_alive = false;
};

Outcome parse(std::string_view bytes, std::size_t step = 1'000'000) {
  RequestParser parser(kLimits);
  std::string pending;
  while (!bytes.empty()) {
    pending += bytes.substr(0, step);
    bytes.remove_prefix(std::min(step, bytes.size()));
    const auto before = parser.state();
    pending.erase(0, parser.put(pending));
    // It stops behind the head.
    if (before == State::kHead && parser.state() == State::kBody) {
      pending.erase(0, parser.put(pending));
    }
    if (parser.state() == State::kDone || parser.state() == State::kFailed) break;
  }
  Outcome outcome{.state = parser.state(), .rest = pending + std::string(bytes)};
  if (outcome.state == State::kFailed) outcome.status = parser.failure().status;
  if (outcome.state == State::kDone) {
    outcome.keeps_alive = parser.keeps_alive();
    outcome.request = parser.take();
  }
  return outcome;
}

TEST(RequestParser, ReadsARequestHoweverItIsCut) {
  const std::string text =
      "POST /a/b%2Fc?x=1&y?=2 HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nX-One: 2\r\n"
      "Content-Length: 5\r\n\r\nhelloGET /";
  for (const std::size_t step : {1, 2, 3, 7, 50, 1000}) {
    const auto outcome = parse(text, step);
    ASSERT_EQ(outcome.state, State::kDone) << step;
    EXPECT_EQ(outcome.request->method, "POST");
    EXPECT_EQ(outcome.request->target, "/a/b%2Fc?x=1&y?=2");
    EXPECT_EQ(outcome.request->path, "/a/b%2Fc");
    EXPECT_EQ(outcome.request->query, "x=1&y?=2");
    EXPECT_EQ(*outcome.request->headers.find("x-one"), "1");
    EXPECT_EQ(outcome.request->headers.size(), 4u);
    EXPECT_EQ(outcome.request->body, "hello");
    EXPECT_EQ(outcome.rest, "GET /");
    EXPECT_TRUE(outcome.keeps_alive);
  }
}

TEST(RequestParser, ReadsChunksAndForgetsTrailers) {
  for (const std::size_t step : {1, 4, 1000}) {
    const auto outcome = parse(
        "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: Chunked\r\n\r\n"
        "3\r\nabc\r\nA;ext=1\r\n0123456789\r\n0\r\nAuthorization: no\r\n\r\nrest",
        step);
    ASSERT_EQ(outcome.state, State::kDone) << step;
    EXPECT_EQ(outcome.request->body, "abc0123456789");
    EXPECT_EQ(outcome.request->headers.find("authorization"), nullptr);
    EXPECT_EQ(outcome.rest, "rest");
  }
}

TEST(RequestParser, SplitsEveryFormOfTarget) {
  const auto target_of = [](std::string target) {
    return parse("OPTIONS " + target + " HTTP/1.1\r\nhost: a\r\n\r\n").request.value_or(Request{});
  };
  EXPECT_EQ(target_of("/x").path, "/x");
  EXPECT_EQ(target_of("http://h:1/p?q").path, "/p");
  EXPECT_EQ(target_of("http://h:1/p?q").query, "q");
  EXPECT_EQ(target_of("http://h?q").path, "/");
  EXPECT_EQ(target_of("*").path, "*");
}

TEST(RequestParser, IgnoresEmptyLinesBeforeARequest) {
  for (const std::size_t step : {1, 1000}) {
    EXPECT_EQ(parse("\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n", step).state, State::kDone);
  }
}

TEST(RequestParser, KnowsHttp10) {
  EXPECT_FALSE(parse("GET / HTTP/1.0\r\n\r\n").keeps_alive);
  EXPECT_TRUE(parse("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n").keeps_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").keeps_alive);
}

TEST(RequestParser, RefusesWhatIsMalformedOrAmbiguous) {
  const std::string start = "POST / HTTP/1.1\r\nhost: a\r\n";
  for (const std::string& text : {
           std::string("nonsense\r\n\r\n"),
           std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),  // TLS
           std::string("GET / HTTP/2.0\r\nhost: a\r\n\r\n"),
           std::string("GET nopath HTTP/1.1\r\nhost: a\r\n\r\n"),
           std::string("GET / HTTP/1.1\nhost: a\n\n\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\n\r\n"),
           start + "host: b\r\n\r\n",
           start + "no colon\r\n\r\n",
           start + "space : 1\r\n\r\n",
           start + "content-length: -1\r\n\r\n",
           start + "content-length: 1x\r\n\r\n",
           start + "content-length: 99999999999999999999999\r\n\r\n",
           start + "content-length: 1\r\ncontent-length: 2\r\n\r\n",
           start + "content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
           start + "transfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n",
           start + "transfer-encoding: gzip\r\ncontent-length: 1\r\n\r\n",
           start + "transfer-encoding: gzip\r\n\r\n",
           start + "transfer-encoding: gzip, chunked\r\n\r\n",
           start + "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
           start + "transfer-encoding: identity\r\n\r\n",
           std::string("POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
           start + "transfer-encoding: chunked\r\n\r\nzz\r\nab",
           start + "transfer-encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
           start + "transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
       }) {
    for (const std::size_t step : {1, 1000}) {
      const auto outcome = parse(text, step);
      EXPECT_EQ(outcome.state, State::kFailed) << text;
      EXPECT_TRUE(outcome.status == 400 || outcome.status == 413) << text;
    }
  }
}

TEST(RequestParser, LimitsTheHeadAsAWhole) {
  const std::string fields = "host: a\r\nx: ";
  const auto with_head_of = [&](std::size_t bytes) {
    const std::size_t fixed = 16 + fields.size() + 4;
    return "GET / HTTP/1.1\r\n" + fields + std::string(bytes - fixed, 'v') + "\r\n\r\n";
  };
  for (const std::size_t step : {1, 100, 1000}) {
    EXPECT_EQ(parse(with_head_of(256), step).state, State::kDone) << step;
    EXPECT_EQ(parse(with_head_of(257), step).status, 431) << step;
    EXPECT_EQ(parse("GET /" + std::string(300, 'a'), step).status, 431) << step;
    EXPECT_EQ(parse("GET / HTTP/1.1\r\n" + std::string(300, 'a'), step).status, 431) << step;
  }
}

TEST(RequestParser, LimitsTheBody) {
  const std::string start = "POST / HTTP/1.1\r\nhost: a\r\n";
  EXPECT_EQ(parse(start + "content-length: 64\r\n\r\n" + std::string(64, 'x')).state, State::kDone);
  // Refused before a byte of it is here.
  EXPECT_EQ(parse(start + "content-length: 65\r\n\r\n").status, 413);
  EXPECT_EQ(
      parse(start + "transfer-encoding: chunked\r\n\r\n40\r\n" + std::string(64, 'x') + "\r\n1\r\n")
          .status,
      413);
}

TEST(RequestParser, LimitsWhatStandsBetweenChunks) {
  const std::string start = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
  for (const std::size_t step : {1, 1000}) {
    EXPECT_EQ(parse(start + "1;" + std::string(500, 'e'), step).status, 400);
    EXPECT_EQ(parse(start + "0\r\ntrailer: " + std::string(500, 't'), step).status, 400);
  }
}

TEST(RequestParser, RefusesAHeadOfManyFields) {
  RequestParser parser({.header_bytes_max = 64 * 1024, .body_bytes_max = 64});
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 200; ++i) head += "x: y\r\n";
  parser.put(head);
  ASSERT_EQ(parser.state(), State::kFailed) << "before its end has come";
  EXPECT_EQ(parser.failure().status, 431);
}

}  // namespace
}  // namespace synap::net
