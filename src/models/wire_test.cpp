#include "models/wire.h"

#include <gtest/gtest.h>

namespace synap::models {
namespace {

Provider provider_of(Wire wire) {
  return {.name = "p", .wire = wire, .url = "https://api.example/v1", .model = "m", .key = "sk-1"};
}

Message says(std::string role, std::string text) {
  Message message;
  message.role = std::move(role);
  message.text = std::move(text);
  return message;
}

// Instructions, a picture, a call and its answer.
Ask whole_ask() {
  Ask ask;
  ask.messages.push_back(says("system", "Be brief."));
  ask.messages.back().is_cached = true;
  ask.messages.push_back(says("user", "What is this?"));
  ask.messages.back().parts.push_back(ImagePart{.media_type = "image/png", .data = "aGk="});
  Message calls;
  calls.role = "assistant";
  calls.tool_calls.push_back({.id = "t1", .name = "look", .arguments = R"({"at":1})"});
  ask.messages.push_back(calls);
  ask.messages.push_back(says("tool", "a cat"));
  ask.messages.back().tool_call_id = "t1";
  ask.messages.push_back(says("user", "Thanks."));
  ask.tools.push_back(
      {.name = "look", .description = "Looks.", .parameters = Json::object({{"type", "object"}})});
  ask.tool_choice = "required";
  ask.temperature = 0.5;
  ask.tokens_max = 77;
  return ask;
}

TEST(Wire, SaysAllInTheWordsOfChatCompletions) {
  auto body = chat_body(provider_of(Wire::kChatCompletions), whole_ask());
  ASSERT_TRUE(body);
  EXPECT_EQ(
      body->dump(),
      R"({"model":"m","messages":[{"role":"system","content":"Be brief."},)"
      R"({"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}}]},)"
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"t1","type":"function","function":{"name":"look","arguments":"{\"at\":1}"}}]},)"
      R"({"role":"tool","content":"a cat","tool_call_id":"t1"},{"role":"user","content":"Thanks."}],)"
      R"("stream":true,"stream_options":{"include_usage":true},"max_tokens":77,"temperature":0.5,)"
      R"("tools":[{"type":"function","function":{"name":"look","description":"Looks.","parameters":{"type":"object"}}}],"tool_choice":"required"})");
}

TEST(Wire, ChatCompletionsHaveOneMessageOfTheSystemInARow) {
  Ask ask;
  ask.messages = {says("system", "Be brief."), says("system", "It rains."), says("user", "?")};
  const auto body = chat_body(provider_of(Wire::kChatCompletions), ask);
  ASSERT_TRUE(body);
  EXPECT_EQ(
      body->find("messages")->dump(),
      R"([{"role":"system","content":"Be brief.\nIt rains."},{"role":"user","content":"?"}])");
}

TEST(Wire, SaysAllInTheWordsOfResponses) {
  auto body = responses_body(provider_of(Wire::kResponses), whole_ask());
  ASSERT_TRUE(body);
  EXPECT_EQ(
      body->dump(),
      R"({"model":"m","input":[{"role":"system","content":[{"type":"input_text","text":"Be brief."}]},)"
      R"({"role":"user","content":[{"type":"input_text","text":"What is this?"},{"type":"input_image","image_url":"data:image/png;base64,aGk="}]},)"
      R"({"type":"function_call","call_id":"t1","name":"look","arguments":"{\"at\":1}"},)"
      R"({"type":"function_call_output","call_id":"t1","output":"a cat"},)"
      R"({"role":"user","content":[{"type":"input_text","text":"Thanks."}]}],)"
      R"("stream":true,"store":false,"max_output_tokens":77,"temperature":0.5,)"
      R"("tools":[{"type":"function","name":"look","description":"Looks.","parameters":{"type":"object"},"strict":false}],"tool_choice":"required"})");
  auto stopping = whole_ask();
  stopping.stop = {"END"};
  EXPECT_EQ(responses_body(provider_of(Wire::kResponses), stopping).error().code,
            Code::kUnprocessableContent);
}

TEST(Wire, SaysAllInTheWordsOfMessages) {
  auto body = messages_body(provider_of(Wire::kMessages), whole_ask());
  ASSERT_TRUE(body);
  EXPECT_EQ(
      body->dump(),
      R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"What is this?"},)"
      R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}}]},)"
      R"({"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"look","input":{"at":1}}]},)"
      R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"a cat"},{"type":"text","text":"Thanks."}]}],)"
      R"("stream":true,"max_tokens":77,)"
      R"("system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],"temperature":0.5,)"
      R"("tool_choice":{"type":"any"},"tools":[{"name":"look","description":"Looks.","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"}}]})");
}

TEST(Wire, AQuestionAndItsAnswerFitIntoTheContext) {
  Provider large{.tokens_max = 4'096};
  Provider small{.tokens_max = 4'096, .context_tokens = 8'192};
  EXPECT_EQ(answer_tokens_max(large), 4'096);
  EXPECT_EQ(answer_tokens_max(small), 2'048);
  EXPECT_EQ(tokens_max_of(small, {}), 2'048);
  EXPECT_EQ(tokens_max_of(small, {.tokens_max = 3'000}), 3'000) << "who asks for so many";
  EXPECT_EQ(question_tokens_max({}, 24'000), 24'000);
  EXPECT_EQ(question_tokens_max({.chat = {large}}, 24'000), 24'000);
  // A fifth is left for what the estimate misses.
  EXPECT_EQ(question_tokens_max({.chat = {large, small}}, 24'000), 4'915);
  small.context_tokens = 128'000;
  EXPECT_EQ(question_tokens_max({.chat = {small}}, 24'000), 24'000) << "no way beyond it";
}

TEST(Wire, KeepsToolsWithTheInstructionsWhereThatIsNoMarkTooMany) {
  auto ask = whole_ask();
  const auto marks = [&ask] {
    const auto body = messages_body(provider_of(Wire::kMessages), ask);
    const auto* tool = &body->find("tools")->as_array().back();
    return tool->find("cache_control") != nullptr;
  };
  EXPECT_TRUE(marks());
  for (std::size_t at = 1; at < kCachedMax; ++at) ask.messages[at].is_cached = true;
  EXPECT_FALSE(marks());
  ask = whole_ask();
  ask.messages.front().is_cached = false;
  ask.messages.back().is_cached = true;
  EXPECT_FALSE(marks());
}

TEST(Wire, PutsTheKeyWhereEachWireWantsItAndNowhereElse) {
  for (const auto wire : {Wire::kChatCompletions, Wire::kResponses, Wire::kMessages}) {
    auto request = request_of(provider_of(wire), whole_ask());
    ASSERT_TRUE(request);
    EXPECT_FALSE(request->body.contains("sk-1"));
    EXPECT_FALSE(request->url.contains("sk-1"));
    const auto* bearer = outbound::find(request->headers, "authorization");
    const auto* plain = outbound::find(request->headers, "x-api-key");
    EXPECT_EQ(bearer != nullptr, wire != Wire::kMessages);
    EXPECT_EQ(plain != nullptr, wire == Wire::kMessages);
    auto without = provider_of(wire);
    without.key = "";
    request = request_of(without, whole_ask());
    EXPECT_EQ(outbound::find(request->headers, "authorization"), nullptr);
    EXPECT_EQ(outbound::find(request->headers, "x-api-key"), nullptr);
  }
}

TEST(Wire, AsksForStructuredOutputAsEachWireHasIt) {
  Ask ask;
  ask.messages.push_back(says("user", "n?"));
  ask.output_schema = *parse_json(
      R"({"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false})");
  const auto chat = chat_body(provider_of(Wire::kChatCompletions), ask)->dump();
  EXPECT_TRUE(chat.contains(
      R"("response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":{)"))
      << chat;
  EXPECT_TRUE(chat.contains(R"("strict":true)")) << chat;
  const auto responses = responses_body(provider_of(Wire::kResponses), ask)->dump();
  EXPECT_TRUE(responses.contains(R"("text":{"format":{"type":"json_schema","name":"answer")"))
      << responses;
  const auto messages = messages_body(provider_of(Wire::kMessages), ask)->dump();
  EXPECT_TRUE(messages.contains(R"("tool_choice":{"type":"tool","name":"synap_answer"})"))
      << messages;
  // A schema that leaves something open is none that OpenAI takes strictly.
  ask.output_schema = *parse_json(R"({"type":"object","properties":{"n":{"type":"integer"}}})");
  EXPECT_TRUE(
      chat_body(provider_of(Wire::kChatCompletions), ask)->dump().contains(R"("strict":false)"));
}

TEST(Conversation, RefusesWhatCannotBeAsked) {
  const auto refused = [](auto change) {
    auto ask = whole_ask();
    change(ask);
    auto checked = check(ask);
    return checked ? std::string() : checked.error().message;
  };
  EXPECT_EQ(refused([](Ask&) {}), "");
  EXPECT_NE(refused([](Ask& ask) { ask.messages[3].tool_call_id = "other"; }), "");
  EXPECT_NE(refused([](Ask& ask) { ask.messages[3].tool_call_id.reset(); }), "");
  EXPECT_NE(refused([](Ask& ask) { ask.messages[1].tool_calls = ask.messages[2].tool_calls; }), "");
  EXPECT_NE(refused([](Ask& ask) { ask.messages.resize(1); }), "");
  EXPECT_NE(refused([](Ask& ask) { ask.tool_choice = "fly"; }), "");
  EXPECT_NE(refused([](Ask& ask) { ask.tools.push_back(ask.tools[0]); }), "");
  EXPECT_NE(refused([](Ask& ask) { ask.messages[1].parts = {ImagePart{.data = "aGk="}}; }), "");
  EXPECT_NE(refused([](Ask& ask) { ask.messages[1].parts = {ImagePart{.url = "http://x/"}}; }), "");
  EXPECT_NE(refused([](Ask& ask) { ask.output_schema = *parse_json(R"({"type":"nothing"})"); }),
            "");
  EXPECT_NE(refused([](Ask& ask) { ask.messages[4].text.reset(); }), "");
}

}  // namespace
}  // namespace synap::models
