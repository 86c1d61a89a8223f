#include "models/models.h"

#include <future>
#include <thread>

#include "models/test_rig.h"
#include "models/test_streams.h"

namespace synap::models {
namespace {

using testing::HasSubstr;
using testing::Not;

class ModelsTest : public ModelsRig {
 protected:
  ScriptedProvider first;
  ScriptedProvider second;

  std::string reason(const Error& error) {
    return error.details ? std::string(error.details->string_or("reason", "")) : "";
  }
};

TEST_F(ModelsTest, AnAnswerThatComesByteByByteIsWhole) {
  first.then([](outbound::Wire& wire, const outbound::Seen&) {
    const auto bytes = sse(kChatStream);
    for (const char byte : bytes) wire.send({&byte, 1});
  });
  open({.chat = {chat(first)}});
  auto answer = generate(ask());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->text, "Grüße 🌍");
  EXPECT_EQ(answer->tool_calls.size(), 1U);
  EXPECT_EQ(answer->usage.cached, 4);
  // Of a million tokens: 7 fresh and 4 kept at 1, 7 at 2.
  EXPECT_DOUBLE_EQ(answer->cost, 25e-6);
}

// A node that has stood still may have a successor that asks, and pays, for the same.
TEST_F(ModelsTest, ThatMayNotSendAskNobody) {
  std::atomic<bool> is_refused = true;
  refuse_to_send = [&]() -> std::optional<Error> {
    if (!is_refused) return std::nullopt;
    return Error{Code::kServiceUnavailable, "Not now", nullptr};
  };
  first.then(sse(kChatStream));
  open({.chat = {chat(first)}});
  const auto refused = generate(ask());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kServiceUnavailable) << "it is asked anew";
  EXPECT_THAT(refused.error().message, HasSubstr("Not now"));
  is_refused = false;
  const auto answer = generate(ask());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NE(answer->text, "");
}

TEST_F(ModelsTest, WhatAProviderBeginsToKeepHasAPriceOfItsOwn) {
  first.then(sse(kMessagesStream));
  auto provider = chat(first);
  provider.wire = Wire::kMessages;
  provider.price = {.input = 1, .output = 2, .cached = 0.1, .cache_written = 1.25};
  open({.chat = {provider}});
  auto answer = generate(ask());
  ASSERT_TRUE(answer) << answer.error().message;
  // Of 11 tokens 4 were kept before and 2 are from now on.
  EXPECT_EQ(answer->usage.cache_written, 2);
  EXPECT_DOUBLE_EQ(answer->cost, (5 * 1 + 4 * 0.1 + 2 * 1.25 + 7 * 2) * 1e-6);
  EXPECT_EQ(calls().at(0).cache_written, 2);
  // All of what is asked may be begun to be kept: so much is held of a budget.
  const auto tokens = estimated_tokens(ask());
  const auto most = static_cast<double>(tokens) * 1.25e-6 + 100 * 2e-6;
  open({.chat = {provider}, .of_user = {.cost = answer->cost + most * 0.999}});
  const auto refused = generate(ask());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kPaymentRequired);
  open({.chat = {provider}, .of_user = {.cost = answer->cost + most * 1.001}});
  EXPECT_TRUE(generate(ask()));
}

TEST_F(ModelsTest, ARetryWaitsForWhatTheProviderAsksFor) {
  first.then(outbound::answer(429, "{}", "retry-after-ms: 300\r\n"));
  first.then(sse(chat_answer("ok")));
  auto provider = chat(first);
  provider.retries = 1;
  open({.chat = {provider}});
  const auto began = SteadyClock::now();
  ASSERT_TRUE(generate(ask()));
  EXPECT_GE(SteadyClock::now() - began, std::chrono::milliseconds(300));
  EXPECT_EQ(first.asked(), 2U);
  EXPECT_EQ(calls().at(0).attempts, 2);
}

TEST_F(ModelsTest, AProviderThatWantsAnHourIsNotWaitedFor) {
  first.then(outbound::answer(429, "{}", "retry-after: 3600\r\n"));
  second.then(sse(chat_answer("ok")));
  auto one = chat(first);
  one.retries = 5;
  auto two = chat(second);
  two.name = "two";
  open({.chat = {one, two}});
  auto answer = generate(ask());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->provider, "two");
  EXPECT_EQ(first.asked(), 1U);
}

TEST_F(ModelsTest, AConnectionThatIsCutBeforeTheAnswerIsTriedAgain) {
  first.then_cut("");
  first.then_cut(
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 500\r\n\r\n: x\n");
  first.then(sse(chat_answer("ok")));
  auto provider = chat(first);
  provider.retries = 2;
  open({.chat = {provider}});
  auto answer = generate(ask());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(calls().at(0).attempts, 3);
}

TEST_F(ModelsTest, AnAnswerOfWhichAPartWasHandedOnIsNeverAskedForAgain) {
  const auto whole = sse(chat_answer("half of it"));
  first.then_cut(whole.substr(0, whole.find("finish_reason")));
  second.then(sse(chat_answer("other")));
  auto one = chat(first);
  one.retries = 3;
  auto two = chat(second);
  two.name = "two";
  open({.chat = {one, two}});
  auto answer = generate(ask());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kBadGateway);
  EXPECT_EQ(reason(answer.error()), "MODEL_STREAM_CUT");
  EXPECT_EQ(first.asked() + second.asked(), 1U);
  const auto call = calls().at(0);
  EXPECT_EQ(call.finish, "error");
  EXPECT_GT(call.output, 0);
  EXPECT_EQ(call.input, estimated_tokens(ask()));  // though what was asked is not kept as long
  EXPECT_TRUE(call.is_estimated);
}

TEST_F(ModelsTest, ASilentProviderIsGivenUp) {
  first.then([](outbound::Wire& wire, const outbound::Seen&) {
    wire.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n");
    wire.wait_for_end();
  });
  auto provider = chat(first);
  provider.timeout = std::chrono::milliseconds(400);
  provider.retries = 5;
  open({.chat = {provider}});
  auto answer = generate(ask());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kGatewayTimeout);
  EXPECT_EQ(first.asked(), 1U);
}

// Each byte comes in time, and the answer never ends.
TEST_F(ModelsTest, ASlowProviderHasItsTimeAndNoMore) {
  first.then([](outbound::Wire& wire, const outbound::Seen&) {
    wire.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n");
    for (int i = 0; i < 100; ++i) {
      wire.send("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"more \"}}]}\n\n");
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    wire.wait_for_end();
  });
  auto provider = chat(first);
  provider.timeout = std::chrono::milliseconds(400);
  provider.silence = std::chrono::seconds(5);
  provider.retries = 5;
  open({.chat = {provider}});
  const auto began = SteadyClock::now();
  auto answer = generate(ask());
  ASSERT_FALSE(answer);
  EXPECT_LT(SteadyClock::now() - began, std::chrono::seconds(3));
  EXPECT_EQ(reason(answer.error()), "MODEL_STREAM_CUT") << answer.error().message;
  EXPECT_EQ(first.asked(), 1U) << "a part was handed on";
  const auto call = calls().at(0);
  EXPECT_GT(call.output, 10) << "what had come counts";
  EXPECT_TRUE(call.is_estimated);
}

// As gateways do that send a question elsewhere: it is told, and paid as what was asked.
TEST_F(ModelsTest, AModelThatAnswersForAnotherIsTold) {
  first.then(sse(chat_answer("I am another", 1'000'000, 0)));
  open({.chat = {chat(first)}});
  auto answer = generate(ask());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->model, "m");
  EXPECT_EQ(answer->answered_by, "m-1");
  EXPECT_DOUBLE_EQ(answer->cost, 1);
  const auto call = calls().at(0);
  EXPECT_EQ(call.model, "m");
  EXPECT_EQ(call.answered_by, "m-1");
  EXPECT_EQ(count("SELECT count(*) FROM model_usage_data WHERE model = 'm'"), 1);
}

TEST_F(ModelsTest, NothingIsAskedOfAnAddressThatTheOwnerDidNotName) {
  first.then(sse(chat_answer("ok")));
  open({.chat = {chat(first)}}, {});
  auto answer = generate(ask());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kForbidden);
  EXPECT_EQ(first.asked(), 0U);
  // Its own address is named with it, and no other port of that machine.
  open({.chat = {chat(first)}}, {destination_of(chat(first))});
  EXPECT_TRUE(generate(ask()));
  second.then(sse(chat_answer("ok")));
  open({.chat = {chat(second)}}, {destination_of(chat(first))});
  EXPECT_FALSE(generate(ask()));
}

TEST_F(ModelsTest, ARedirectIsNotFollowedWithTheKey) {
  first.then(outbound::answer(307, "", "location: " + second.url() + "/chat/completions\r\n"));
  second.then(sse(chat_answer("ok")));
  open({.chat = {chat(first)}});
  auto answer = generate(ask());
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("redirect"));
  EXPECT_EQ(second.asked(), 0U);
}

TEST_F(ModelsTest, TheKeyIsInNoErrorEventOrHealth) {
  const std::string key = "sk-secret-0123456789";
  first.then(outbound::answer(
      401, R"({"error":{"message":"Incorrect API key provided: )" + key + R"(. See https://x"}})",
      "x-request-id: " + key + "\r\n"));
  open({.chat = {chat(first)}});
  auto answer = generate(ask());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kPreconditionFailed);
  EXPECT_EQ(reason(answer.error()), "MODEL_KEY_REFUSED");
  EXPECT_THAT(answer.error().message, HasSubstr("Incorrect API key provided: [key]"));
  EXPECT_THAT(answer.error().details->dump(), Not(HasSubstr(key)));
  EXPECT_THAT(models->health(models->options().chat[0]).error, Not(HasSubstr(key)));
  EXPECT_TRUE(first.seen(0).has("authorization: bearer " + key));
  const auto stored = [&] {
    close();
    return store->stored_bytes();
  }();
  EXPECT_THAT(stored, Not(HasSubstr(key)));
  EXPECT_THAT(stored, Not(HasSubstr("hello"))) << "what was asked is kept nowhere";
}

TEST_F(ModelsTest, AnAnswerThatIsNoStreamIsAnError) {
  first.then(outbound::answer(200, R"({"choices":[]})", "content-type: application/json\r\n"));
  open({.chat = {chat(first)}});
  auto answer = generate(ask());
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("something else than the stream of events"));
}

TEST_F(ModelsTest, WhoLeavesEndsTheRequest) {
  // The server's thread outlives this function.
  const auto end = std::make_shared<std::promise<bool>>();
  auto has_ended = end->get_future();
  first.then([end](outbound::Wire& wire, const outbound::Seen&) {
    const auto whole = sse(chat_answer("a beginning"));
    wire.send(whole.substr(0, whole.find("finish_reason")));
    end->set_value(wire.wait_for_end());
  });
  open({.chat = {chat(first)}});
  // Destroyed where it stands, as a stream is whose reader has gone.
  auto leave = [this]() -> Task<void> {
    auto pieces = models->stream(caller(), ask());
    auto piece = co_await pieces.next();
    EXPECT_TRUE(piece);
  };
  sync_wait(executor, leave());
  ASSERT_TRUE(test::wait_until(executor, database->commits(), [&] { return calls().size() == 1; }));
  const auto call = calls().at(0);
  EXPECT_EQ(call.finish, "cancelled");
  EXPECT_GT(call.output, 0);
  ASSERT_EQ(has_ended.wait_for(std::chrono::seconds(5)), std::future_status::ready);
  EXPECT_TRUE(has_ended.get());
}

TEST_F(ModelsTest, ManyAnswersComeAtOnce) {
  first.then(
      [](outbound::Wire& wire, const outbound::Seen&) { wire.send(sse(chat_answer("ok"))); });
  open({.chat = {chat(first)}});
  auto all = [this]() -> Task<int> {
    std::vector<Task<Result<Answer>>> tasks;
    for (int i = 0; i < 200; ++i) {
      tasks.push_back(models->generate(caller("user" + std::to_string(i % 10)), ask()));
    }
    int good = 0;
    for (auto& answer : co_await when_all(std::move(tasks))) good += answer.has_value() ? 1 : 0;
    co_return good;
  };
  EXPECT_EQ(sync_wait(executor, all()), 200);
  EXPECT_EQ(count("SELECT sum(calls) FROM model_usage_data"), 200);
}

}  // namespace
}  // namespace synap::models
