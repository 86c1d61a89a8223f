#include "outbound/client.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>

#include "base/json.h"
#include "base/test_support.h"
#include "outbound/test_server.h"

namespace synap::outbound {
namespace {

using namespace std::chrono_literals;
constexpr auto kNever = SteadyClock::time_point::max();

// A client, and a thread on which coroutines await it.
class ClientTest : public testing::Test {
 protected:
  Result<Response> send(Client& client, Request request, Options options = {}) {
    return sync_wait(executor_, client.send(std::move(request), std::move(options)));
  }
  Result<Response> send(Request request, Options options = {}) {
    return send(client_, std::move(request), std::move(options));
  }
  std::optional<Chunk> next(Stream<Chunk, Result<End>>& stream) {
    return test::run(executor_, [&] { return stream.next(); });
  }
  // On the executor's thread. A parameter would go with its frame, on the thread of the test.
  template <class T>
  void drop(T thing) {
    sync_wait(executor_, [](T& gone) -> Task<void> {
      const T here = std::move(gone);
      co_return;
    }(thing));
  }

  ThreadExecutor executor_{"test"};
  Client client_{Policy::anywhere()};
};

std::string text_of(const Result<Response>& response) {
  return response ? std::to_string(response->status) + " " + response->body
                  : std::string(info(response.error().code).name) + ": " + response.error().message;
}

TEST_F(ClientTest, SendsARequestAndGetsItsAnswer) {
  TestServer server([](Wire& wire, const Seen& seen) {
    wire.send(answer(201, "got " + seen.body, "x-kind:  test \r\nset-cookie: a\r\n"));
  });
  const auto response = send({.method = "POST",
                              .url = server.url("/path?q=1"),
                              .headers = {{"authorization", "Bearer k"}, {"x-empty", ""}},
                              .body = "hello"});
  ASSERT_EQ(text_of(response), "201 got hello");
  EXPECT_EQ(*find(response->headers, "X-Kind"), "test");
  EXPECT_EQ(response->url, server.url("/path?q=1"));
  const auto seen = server.seen().at(0);
  EXPECT_EQ(seen.line, "POST /path?q=1 HTTP/1.1");
  EXPECT_TRUE(seen.has("\r\nauthorization: bearer k\r\n"));
  EXPECT_TRUE(seen.has("\r\nx-empty:\r\n"));
  EXPECT_FALSE(seen.has("content-type"));
  EXPECT_FALSE(seen.has("expect"));
}

TEST_F(ClientTest, SendsEveryMethodWithAndWithoutABody) {
  TestServer server([](Wire& wire, const Seen& seen) {
    // The answer to a HEAD says how long a body would be, and has none.
    wire.send(seen.line.starts_with("HEAD") ? "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"
                                            : answer(200, seen.body));
  });
  for (const std::string method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"}) {
    EXPECT_EQ(text_of(send({.method = method, .url = server.url()})), "200 ") << method;
    EXPECT_TRUE(server.seen().back().line.starts_with(method + " /"));
  }
  for (const std::string method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    EXPECT_EQ(text_of(send({.method = method, .url = server.url(), .body = "b"})), "200 b");
    EXPECT_TRUE(server.seen().back().line.starts_with(method + " /"));
  }
  EXPECT_EQ(server.connections(), 1) << "a connection is used again";
}

// A connection that is kept may be closed by its server at any time; whether what was sent on it
// was done, nobody can tell.
TEST_F(ClientTest, AChangeIsSentOnceAndAQuestionAgainIfItsKeptConnectionCloses) {
  TestServer server([](Wire& wire, const Seen& seen) {
    if (seen.has("x-close:")) return wire.close();
    wire.send(answer(200, "done"));
  });
  const auto ask = [&](std::string method, bool closes, bool is_repeatable = false) {
    Request request{.method = std::move(method), .url = server.url(), .body = "b"};
    if (request.method == "GET") request.body.clear();
    if (closes) request.headers.push_back({"x-close", "1"});
    request.is_repeatable = is_repeatable;
    return text_of(send(std::move(request)));
  };
  const auto sent_on_a_kept_connection = [&](std::string method, bool is_repeatable = false) {
    EXPECT_EQ(ask("GET", false), "200 done");
    const auto before = server.seen().size();
    EXPECT_TRUE(ask(method, true, is_repeatable).starts_with("BAD_GATEWAY")) << method;
    return server.seen().size() - before;
  };
  EXPECT_EQ(sent_on_a_kept_connection("POST"), 1u);
  EXPECT_EQ(sent_on_a_kept_connection("PATCH"), 1u);
  EXPECT_EQ(sent_on_a_kept_connection("POST", true), 2u);
  EXPECT_EQ(sent_on_a_kept_connection("GET"), 2u);
  EXPECT_EQ(sent_on_a_kept_connection("PUT"), 2u);
  EXPECT_EQ(sent_on_a_kept_connection("DELETE"), 2u);
}

TEST_F(ClientTest, WhatIsNoRequestIsRefusedBeforeItIsSent) {
  TestServer server([](Wire& wire, const Seen&) { wire.send(answer(200, "")); });
  const std::vector<Request> bad{
      {.method = "GET", .url = "file:///etc/hostname"},
      {.method = "GET /x HTTP/1.1\r\n", .url = server.url()},
      {.method = "CONNECT", .url = server.url()},
      {.method = "", .url = server.url()},
      {.url = server.url(), .headers = {{"a", "b\r\nc: d"}}},
      {.url = server.url(), .headers = {{"a\r\nb", "c"}}},
      {.url = server.url(), .headers = {{"", "c"}}},
      {.url = server.url(), .headers = {{"Content-Length", "1"}}},
      {.url = server.url(), .headers = {{"host", "other"}}},
  };
  for (const auto& request : bad) {
    const auto response = send(request);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Code::kBadRequest) << response.error().message;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(ClientTest, SaysThatNobodyAnswers) {
  std::string url;
  {
    TestServer server([](Wire&, const Seen&) {});
    url = server.url("/secret?key=secret");
  }
  const auto response = send({.url = url});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kServiceUnavailable);
  EXPECT_TRUE(response.error().message.starts_with("Nobody answers at http://127.0.0.1:"));
  EXPECT_FALSE(response.error().message.contains("secret"));
  ASSERT_NE(response.error().details, nullptr);
  EXPECT_EQ(response.error().details->string_or("reason", ""), "Couldn't connect to server");
}

TEST_F(ClientTest, AnAnswerThatIsNoneIsABadGateway) {
  const std::vector<std::string> bad{
      "",
      "nonsense\r\n\r\n",
      "HTTP/1.1 200 OK\r\ncontent-",
      "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
      "HTTP/1.1 101 Switching\r\n\r\n",
      "HTTP/1.1 200 OK\r\nx: " + std::string(70'000, 'x') + "\r\n\r\n",
  };
  TestServer server([&](Wire& wire, const Seen& seen) {
    wire.send(bad.at(std::stoul(seen.line.substr(5))));
    wire.close();
  });
  for (std::size_t i = 0; i < bad.size(); ++i) {
    const auto response = send({.url = server.url("/" + std::to_string(i))});
    ASSERT_FALSE(response) << i;
    EXPECT_EQ(response.error().code, Code::kBadGateway) << i << ": " << response.error().message;
  }
}

TEST_F(ClientTest, AnInterimAnswerIsNotTheAnswer) {
  TestServer server([](Wire& wire, const Seen&) {
    wire.send("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + answer(200, "real"));
  });
  const auto response = send({.url = server.url()});
  ASSERT_EQ(text_of(response), "200 real");
  EXPECT_EQ(find(response->headers, "link"), nullptr);
}

TEST_F(ClientTest, ALargerAnswerThanAskedForIsAnError) {
  TestServer server(
      [](Wire& wire, const Seen&) { wire.send(answer(200, std::string(1'000, 'x'))); });
  EXPECT_EQ(text_of(send({.url = server.url()}, {.response_bytes_max = 1'000})).size(), 1'004u);
  const auto response = send({.url = server.url()}, {.response_bytes_max = 999});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kPayloadTooLarge);
  EXPECT_TRUE(response.error().message.contains("999 bytes")) << response.error().message;
}

TEST_F(ClientTest, TheDeadlineEndsARequestThatIsNotAnswered) {
  std::promise<bool> closed;
  TestServer server([&](Wire& wire, const Seen&) { closed.set_value(wire.wait_for_end()); });
  const auto response = send({.url = server.url()}, {.deadline = SteadyClock::now() + 30ms});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kGatewayTimeout);
  EXPECT_TRUE(closed.get_future().get()) << "and its connection";
}

TEST_F(ClientTest, AStopEndsARequest) {
  std::stop_source stop;
  std::promise<bool> closed;
  TestServer server([&](Wire& wire, const Seen&) {
    stop.request_stop();
    closed.set_value(wire.wait_for_end());
  });
  auto response = send({.url = server.url()}, {.deadline = kNever, .stop = stop.get_token()});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kClientClosedRequest);
  EXPECT_TRUE(closed.get_future().get());

  response = send({.url = server.url()}, {.deadline = kNever, .stop = stop.get_token()});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kClientClosedRequest);
  EXPECT_EQ(server.seen().size(), 1u) << "what was stopped before is not sent";
}

// Whether it may still be sent is asked when nothing but the sending is left, of each hop.
TEST_F(ClientTest, WhatIsRefusedWhenItsConnectionIsThereIsNotSent) {
  TestServer server([](Wire& wire, const Seen& seen) {
    const bool is_there = seen.line.starts_with("GET /there");
    wire.send(is_there ? answer(200, "") : answer(302, "", "location: /there\r\n"));
  });
  std::atomic<int> allowed = 1;
  Client client(Policy::anywhere(), {.refuse_to_send = [&]() -> std::optional<Error> {
                  if (allowed-- > 0) return std::nullopt;
                  return Error{Code::kConflict, "Not now", nullptr};
                }});
  const auto ask = [&] {
    return test::run(executor_, [&] { return client.send({.url = server.url()}); });
  };
  const auto refused = ask();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_EQ(server.seen().size(), 1u) << "the second hop is asked for, too";
  allowed = 2;
  EXPECT_TRUE(ask());
  EXPECT_EQ(server.seen().size(), 3u);
}

TEST_F(ClientTest, SilenceEndsAnAnswer) {
  TestServer server([](Wire& wire, const Seen&) { wire.wait_for_end(); });
  const auto response = send({.url = server.url()}, {.deadline = kNever, .silence_max = 1s});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kGatewayTimeout);
  EXPECT_TRUE(response.error().message.contains("nothing for 1 s")) << response.error().message;
}

TEST_F(ClientTest, ManyRequestsAtATimeAllGetTheirOwnAnswer) {
  TestServer server([](Wire& wire, const Seen& seen) { wire.send(answer(200, seen.line)); });
  ThreadExecutor other("other");
  test::Started<Result<Response>> here(executor_);
  test::Started<Result<Response>> there(other);
  for (int i = 0; i < 200; ++i) {
    const auto path = "/" + std::to_string(i);
    here.add(client_.send({.url = server.url(path)}));
    there.add(client_.send({.url = server.url(path)}));
  }
  for (auto* all : {&here, &there}) {
    const auto responses = all->wait();
    for (std::size_t i = 0; i < responses.size(); ++i) {
      EXPECT_EQ(text_of(responses[i]), "200 GET /" + std::to_string(i) + " HTTP/1.1");
    }
  }
  EXPECT_LE(server.connections(), 64);
}

// A server's answers wait here until the test lets them go.
class Gate {
 public:
  void open() { opened_.set_value(); }
  void pass() const { open_.wait_for(5s); }

 private:
  std::promise<void> opened_;
  std::shared_future<void> open_{opened_.get_future()};
};

// Begins so many requests of up to 1,000 bytes each, and says how many of them wait: as many as a
// client says which refuses the next one.
class BudgetTest : public ClientTest {
 protected:
  std::string refusal_after(int count, Budget budget) {
    Client client(Policy::anywhere(), {.budget = budget});
    test::Started<Result<Response>> all(executor_);
    const Request request{.method = "POST", .url = server_.url(), .body = std::string(500, 'b')};
    const auto limited = [] { return Options{.response_bytes_max = 500}; };
    for (int i = 0; i < count; ++i) all.add(client.send(request, limited()));
    test::settle(executor_);
    const auto refused = send(client, request, limited());
    gate_.open();
    for (const auto& response : all.wait()) EXPECT_EQ(text_of(response), "200 x");
    return text_of(refused);
  }

  Gate gate_;
  TestServer server_{[this](Wire& wire, const Seen&) {
    gate_.pass();
    wire.send(answer(200, "x"));
  }};
};

TEST_F(BudgetTest, MoreRequestsThanMayBeInFlightWaitForTheirTurn) {
  EXPECT_TRUE(refusal_after(9, {.transfers_max = 2, .waiting_max = 7})
                  .starts_with("SERVICE_UNAVAILABLE: Too many requests wait to be sent (7,"));
}

TEST_F(BudgetTest, AnOriginThatNeverAnswersLeavesRoomForOthers) {
  TestServer other([](Wire& wire, const Seen&) { wire.send(answer(200, "y")); });
  Client client(Policy::anywhere(), {.budget = {.transfers_max = 3, .transfers_of_origin_max = 2}});
  test::Started<Result<Response>> all(executor_);
  for (int i = 0; i < 5; ++i) all.add(client.send({.url = server_.url()}));
  test::settle(executor_);
  // The gate lets nobody pass before that.
  const auto deadline = SteadyClock::now() + 2s;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(text_of(send(client, {.url = other.url()}, {.deadline = deadline})), "200 y");
  }
  gate_.open();
  for (const auto& response : all.wait()) EXPECT_EQ(text_of(response), "200 x");
}

TEST_F(BudgetTest, MoreBytesThanMayBeInFlightWaitForTheirTurn) {
  EXPECT_TRUE(refusal_after(9, {.bytes_max = 3'500, .waiting_max = 6})
                  .starts_with("SERVICE_UNAVAILABLE: Too many requests wait to be sent (6,"));
}

TEST_F(BudgetTest, MoreBytesThanMayWaitAreRefused) {
  EXPECT_TRUE(refusal_after(5, {.transfers_max = 1, .waiting_bytes_max = 2'400})
                  .starts_with("SERVICE_UNAVAILABLE: Too many requests wait to be sent (4, with "
                               "2000 bytes)"));
}

TEST_F(BudgetTest, ARequestThatNeverHasRoomIsRefusedAtOnce) {
  Client client(Policy::anywhere(), {.budget = {.bytes_max = 3'000}});
  const auto response = send(client, {.url = server_.url()}, {.response_bytes_max = 3'001});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kPayloadTooLarge);
  EXPECT_TRUE(response.error().message.contains("3000")) << response.error().message;
}

TEST_F(ClientTest, ADeadlineIsOverWhileARequestWaitsForItsTurn) {
  Gate gate;
  TestServer server([&](Wire& wire, const Seen&) {
    gate.pass();
    wire.send(answer(200, "x"));
  });
  Client client(Policy::anywhere(), {.budget = {.transfers_max = 1}});
  test::Started<Result<Response>> first(executor_);
  first.add(client.send({.url = server.url()}));
  test::settle(executor_);
  const auto late = send(client, {.url = server.url()}, {.deadline = SteadyClock::now() + 20ms});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::kGatewayTimeout);
  gate.open();
  EXPECT_EQ(text_of(first.wait()[0]), "200 x");
  EXPECT_EQ(server.seen().size(), 1u);
}

// A task that is awaited by hand, so that it can be destroyed at any moment.
class Held {
 public:
  explicit Held(Task<Result<Response>> task) : task_(keep(std::move(task))) {}
  void begin() {
    awaiter_.emplace(std::move(task_).operator co_await());
    awaiter_->await_suspend(std::noop_coroutine()).resume();
  }

 private:
  static Task<void> keep(Task<Result<Response>> task) { (void)co_await std::move(task); }
  Task<void> task_;
  std::optional<decltype(std::declval<Task<void>&&>().operator co_await())> awaiter_;
};

TEST_F(ClientTest, DestroyingATaskCancelsItsTransfer) {
  std::promise<void> asked;
  std::promise<bool> closed;
  TestServer server([&](Wire& wire, const Seen&) {
    asked.set_value();
    closed.set_value(wire.wait_for_end());
  });
  auto held = std::make_unique<Held>(client_.send({.url = server.url()}, {.deadline = kNever}));
  sync_wait(executor_, [](Held& task) -> Task<void> {
    task.begin();
    co_return;
  }(*held));
  asked.get_future().wait();
  drop(std::move(held));
  EXPECT_TRUE(closed.get_future().get());
}

// The answer is on its way to the executor, which is busy destroying the task: what was posted must
// find nobody. Run by the sanitizers, which see a frame that is used after it has gone.
TEST_F(ClientTest, ATaskIsDestroyedWhileItsAnswerIsPosted) {
  TestServer server([](Wire& wire, const Seen&) { wire.send(answer(200, "x")); });
  for (int i = 0; i < 200; ++i) {
    auto held = std::make_unique<Held>(client_.send({.url = server.url()}));
    auto begin_and_drop = [](std::unique_ptr<Held>& task, int turns) -> Task<void> {
      task->begin();
      for (int turn = 0; turn < turns; ++turn) std::this_thread::yield();
      task.reset();
      co_return;
    };
    sync_wait(executor_, begin_and_drop(held, i * 20));
  }
  EXPECT_EQ(text_of(send({.url = server.url()})), "200 x");
}

TEST_F(ClientTest, ATaskMayBeginWhenItsClientIsGone) {
  std::optional<Client> client(std::in_place, Policy::anywhere());
  auto task = client->send({.url = "http://127.0.0.1:1/"});
  client.reset();
  const auto response = sync_wait(executor_, std::move(task));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kServiceUnavailable);
}

TEST_F(ClientTest, AClientThatGoesEndsWhatIsInFlight) {
  std::promise<void> asked;
  TestServer server([&](Wire& wire, const Seen&) {
    asked.set_value();
    wire.wait_for_end();
  });
  std::optional<Client> client(std::in_place, Policy::anywhere());
  test::Started<Result<Response>> all(executor_);
  all.add(client->send({.url = server.url()}, {.deadline = kNever}));
  asked.get_future().wait();
  client.reset();
  const auto response = all.wait();
  ASSERT_FALSE(response[0]);
  EXPECT_EQ(response[0].error().code, Code::kServiceUnavailable);
}

TEST_F(ClientTest, AStreamGivesItsHeadAndThenItsBytesAsTheyCome) {
  std::promise<void> head_seen;
  std::promise<void> first_seen;
  TestServer server([&](Wire& wire, const Seen&) {
    wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx-a: b\r\n\r\n");
    head_seen.get_future().wait();
    wire.send("3\r\none\r\n");
    first_seen.get_future().wait();
    wire.send("3\r\ntwo\r\n0\r\n\r\n");
  });
  auto stream = client_.stream({.url = server.url()});
  auto chunk = next(stream);
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->head->status, 200);
  EXPECT_EQ(*find(chunk->head->headers, "x-a"), "b");
  EXPECT_EQ(chunk->bytes, "");
  head_seen.set_value();
  EXPECT_EQ(next(stream)->bytes, "one");
  first_seen.set_value();
  EXPECT_EQ(next(stream)->bytes, "two");
  EXPECT_FALSE(next(stream));
  ASSERT_TRUE(stream.end());
  EXPECT_EQ(stream.end()->bytes, 6u);
  drop(std::move(stream));
}

TEST_F(ClientTest, AStreamThatIsNotPulledMakesTheServerWait) {
  constexpr std::size_t kAll = 64 * 1024 * 1024;
  std::promise<std::size_t> taken;
  TestServer server([&](Wire& wire, const Seen&) {
    wire.send("HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(kAll) + "\r\n\r\n");
    const auto at_once = wire.send_at_once(kAll);
    taken.set_value(at_once);
    wire.send(std::string(kAll - at_once, 'x'));
  });
  auto stream = client_.stream({.url = server.url()}, {.response_bytes_max = kAll});
  ASSERT_TRUE(next(stream));
  // What the two kernels buffer, and two windows.
  EXPECT_LT(taken.get_future().get(), kAll / 2);
  std::size_t largest = 0;
  while (auto chunk = next(stream)) largest = std::max(largest, chunk->bytes.size());
  ASSERT_TRUE(stream.end()) << stream.end().error().message;
  EXPECT_EQ(stream.end()->bytes, kAll);
  EXPECT_LE(largest, 64u * 1024);
  drop(std::move(stream));
}

TEST_F(ClientTest, AStreamThatBreaksOffGivesWhatCameAndSaysSo) {
  TestServer server([](Wire& wire, const Seen&) {
    wire.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf");
    wire.close();
  });
  auto stream = client_.stream({.url = server.url()});
  std::string bytes;
  while (auto chunk = next(stream)) bytes += chunk->bytes;
  EXPECT_EQ(bytes, "half");
  ASSERT_FALSE(stream.end());
  EXPECT_EQ(stream.end().error().code, Code::kBadGateway);
  drop(std::move(stream));
}

TEST_F(ClientTest, DestroyingAStreamBetweenItsItemsCancelsIt) {
  std::promise<bool> closed;
  TestServer server([&](Wire& wire, const Seen&) {
    wire.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf");
    closed.set_value(wire.wait_for_end());
  });
  auto stream = client_.stream({.url = server.url()}, {.deadline = kNever});
  ASSERT_TRUE(next(stream));
  drop(std::move(stream));
  EXPECT_TRUE(closed.get_future().get());
}

TEST_F(ClientTest, AStopEndsAStreamThatIsNotPulled) {
  std::stop_source stop;
  std::promise<bool> closed;
  TestServer server([&](Wire& wire, const Seen&) {
    wire.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf");
    closed.set_value(wire.wait_for_end());
  });
  auto stream =
      client_.stream({.url = server.url()}, {.deadline = kNever, .stop = stop.get_token()});
  ASSERT_TRUE(next(stream));
  stop.request_stop();
  EXPECT_TRUE(closed.get_future().get());
  while (next(stream)) {
  }
  EXPECT_EQ(stream.end().error().code, Code::kClientClosedRequest);
  drop(std::move(stream));
}

TEST_F(ClientTest, ACertificateThatNobodyKnowsIsRefused) {
  const TestCertificate certificate;
  TestServer server([](Wire& wire, const Seen&) { wire.send(answer(200, "secret")); },
                    &certificate);
  const auto response = send({.url = server.url()});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kBadGateway);
  EXPECT_TRUE(response.error().message.contains("SSL peer certificate"))
      << response.error().message;
  EXPECT_TRUE(server.seen().empty());
}

TEST_F(ClientTest, TheProxyOfTheEnvironmentIsUsedOnlyWhereToldAndNeverForThisMachine) {
  TestServer proxy([](Wire& wire, const Seen&) { wire.send(answer(200, "by the proxy")); });
  TestServer server([](Wire& wire, const Seen&) { wire.send(answer(200, "itself")); });
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  Client told(Policy::anywhere(), {.proxy = Proxy::kOfEnvironment});
  EXPECT_EQ(text_of(send({.url = server.url()})), "200 itself");
  EXPECT_EQ(text_of(send(told, {.url = server.url()})), "200 itself");
  EXPECT_EQ(text_of(send(told, {.url = "http://pod.invalid/"})), "200 by the proxy");
  EXPECT_EQ(send({.url = "http://pod.invalid/"}).error().code, Code::kServiceUnavailable);
  ::unsetenv("http_proxy");
}

}  // namespace
}  // namespace synap::outbound
