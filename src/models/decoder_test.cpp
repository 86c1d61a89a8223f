#include "models/decoder.h"

#include <gtest/gtest.h>

#include "models/test_streams.h"

namespace synap::models {
namespace {

struct Case {
  Wire wire;
  std::string_view stream;
};

constexpr Case kCases[] = {{Wire::kChatCompletions, kChatStream},
                           {Wire::kResponses, kResponsesStream},
                           {Wire::kMessages, kMessagesStream}};

// What the pieces say when put together.
struct Pieces {
  std::string text;
  std::string arguments;
  std::string name;
  std::string id;
};

void gather(Pieces& all, std::vector<Delta> deltas) {
  for (const auto& delta : deltas) {
    if (const auto* text = std::get_if<TextDelta>(&delta)) {
      all.text += text->text;
    } else {
      const auto& tool = std::get<ToolDelta>(delta);
      all.arguments += tool.arguments;
      all.name += tool.name;
      all.id += tool.id;
    }
  }
}

void expect_whole(const Decoder& decoder, const Pieces& pieces) {
  EXPECT_TRUE(decoder.is_complete());
  EXPECT_TRUE(decoder.is_over());
  EXPECT_EQ(decoder.text(), "Grüße 🌍");
  EXPECT_EQ(pieces.text, "Grüße 🌍");
  EXPECT_EQ(decoder.finish(), "tools");
  EXPECT_EQ(decoder.answered_by(), "m-1");
  EXPECT_EQ(decoder.usage().input, 11);
  EXPECT_EQ(decoder.usage().output, 7);
  EXPECT_EQ(decoder.usage().cached, 4);
  EXPECT_FALSE(decoder.usage().is_estimated);
  const auto calls = decoder.tool_calls();
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].id, "t1");
  EXPECT_EQ(calls[0].name, "add");
  ASSERT_TRUE(calls[0].input);
  EXPECT_EQ(calls[0].input->dump(), R"({"a":1})");
  EXPECT_EQ(pieces.arguments, R"({"a":1})");
  EXPECT_EQ(pieces.name, "add");
  EXPECT_EQ(pieces.id, "t1");
}

TEST(Decoder, ReadsAnAnswerOfEachWireCutAtEveryByte) {
  for (const auto& one : kCases) {
    SCOPED_TRACE(wire_name(one.wire));
    for (std::size_t cut = 0; cut <= one.stream.size(); ++cut) {
      auto decoder = Decoder::make(one.wire);
      Pieces pieces;
      for (const auto part : {one.stream.substr(0, cut), one.stream.substr(cut)}) {
        ASSERT_TRUE(decoder->read(part));
        gather(pieces, decoder->take_deltas());
      }
      expect_whole(*decoder, pieces);
      if (HasFailure()) FAIL() << "cut at " << cut;
    }
    auto decoder = Decoder::make(one.wire);
    Pieces pieces;
    for (const char byte : one.stream) {
      ASSERT_TRUE(decoder->read({&byte, 1}));
      gather(pieces, decoder->take_deltas());
    }
    expect_whole(*decoder, pieces);
  }
}

TEST(Decoder, IsNotCompleteBeforeTheModelSaysItsReason) {
  for (const auto& one : kCases) {
    SCOPED_TRACE(wire_name(one.wire));
    const auto half = one.stream.substr(0, one.stream.find(R"("1}")"));
    auto decoder = Decoder::make(one.wire);
    ASSERT_TRUE(decoder->read(half));
    EXPECT_FALSE(decoder->is_complete());
    EXPECT_EQ(decoder->text(), "Grüße 🌍");
    const auto calls = decoder->tool_calls();
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_FALSE(calls[0].input);
    EXPECT_TRUE(calls[0].error);
  }
}

TEST(Decoder, RefusesWhatIsNoJson) {
  for (const auto& one : kCases) {
    auto decoder = Decoder::make(one.wire);
    auto read = decoder->read("data: {\"choices\":[{\n\n");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Code::kBadGateway);
  }
}

TEST(Decoder, PassesOverEventsOfAnyShape) {
  for (const auto& one : kCases) {
    for (const auto event :
         {"null", "1", "[]", "[1]", "\"x\"", "{}", R"({"type":7})", R"({"choices":7})",
          R"({"choices":[7,{"delta":7},{"delta":{"tool_calls":[7,{}]}}]})",
          R"({"type":"content_block_delta","delta":3})",
          R"({"type":"content_block_start","content_block":[]})",
          R"({"type":"message_start","message":1})", R"({"type":"message_delta","usage":1})",
          R"({"type":"response.completed","response":1})",
          R"({"type":"response.output_item.added","item":null})",
          R"({"usage":{"prompt_tokens":-5,"completion_tokens":"x"}})"}) {
      auto decoder = Decoder::make(one.wire);
      EXPECT_TRUE(decoder->read("data: " + std::string(event) + "\n\n")) << event;
      EXPECT_EQ(decoder->text(), "") << event;
      EXPECT_GE(decoder->usage().input, 0);
    }
  }
}

TEST(Decoder, HandsOnWhatAProviderComplainsOf) {
  const std::pair<Wire, std::string_view> cases[] = {
      {Wire::kChatCompletions,
       R"(data: {"error":{"message":"too hot","code":"overloaded_error"}})"},
      {Wire::kResponses,
       R"(data: {"type":"response.failed","response":{"error":{"code":"overloaded_error","message":"too hot"}}})"},
      {Wire::kMessages,
       R"(data: {"type":"error","error":{"type":"overloaded_error","message":"too hot"}})"}};
  for (const auto& [wire, event] : cases) {
    auto decoder = Decoder::make(wire);
    ASSERT_TRUE(decoder->read(std::string(event) + "\n\n"));
    ASSERT_TRUE(decoder->complaint()) << wire_name(wire);
    EXPECT_EQ(decoder->complaint()->message, "too hot");
    EXPECT_EQ(decoder->complaint()->code, "overloaded_error");
  }
}

TEST(Decoder, MendsCharactersThatTheProviderHasCut) {
  auto decoder = Decoder::make(Wire::kChatCompletions);
  // Half a pair of surrogates, and two bytes of three.
  ASSERT_TRUE(decoder->read("data: {\"choices\":[{\"delta\":{\"content\":\"a\\ud83c\"}}]}\n\n"));
  ASSERT_TRUE(decoder->read("data: {\"choices\":[{\"delta\":{\"content\":\"b\xE2\x82\"}}]}\n\n"));
  EXPECT_EQ(decoder->text(),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(mended(R"("\ud83c\udf0d \\ud83c \n")"), R"("\ud83c\udf0d \\ud83c \n")");
  EXPECT_EQ(mended("\\"), "\\");
  EXPECT_EQ(mended("\\u12"), "\\u12");
}

TEST(Decoder, TellsCallsApartThatHaveNoIndex) {
  auto decoder = Decoder::make(Wire::kChatCompletions);
  // As Gemini's compatible endpoint sends them: whole calls, all of index 0, or of none.
  ASSERT_TRUE(decoder->read(
      R"(data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}},{"index":0,"id":"b","function":{"name":"f","arguments":"{\"x\":2}"}}]}}]})"
      "\n\n"
      R"(data: {"choices":[{"delta":{"tool_calls":[{"id":"c","function":{"name":"g","arguments":"{}"}}]},"finish_reason":"stop"}]})"
      "\n\n"));
  const auto calls = decoder->tool_calls();
  ASSERT_EQ(calls.size(), 3U);
  EXPECT_EQ(calls[0].arguments, R"({"x":1})");
  EXPECT_EQ(calls[1].arguments, R"({"x":2})");
  EXPECT_EQ(calls[2].name, "g");
  EXPECT_EQ(decoder->finish(), "tools");
}

TEST(Decoder, HoldsNoMoreThanItsBounds) {
  auto decoder = Decoder::make(Wire::kChatCompletions);
  const auto event =
      R"(data: {"choices":[{"delta":{"content":")" + std::string(1 << 20, 'x') + "\"}}]}\n\n";
  Result<> read;
  for (int i = 0; i < 20 && read; ++i) {
    read = decoder->read(event);
    std::ignore = decoder->take_deltas();
  }
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::kPayloadTooLarge);
  EXPECT_LE(decoder->text().size(), Decoder::kBytesMax);

  auto endless = Decoder::make(Wire::kMessages);
  read = {};
  for (int i = 0; i < 40 && read; ++i) read = endless->read("data: " + std::string(1 << 20, 'x'));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::kPayloadTooLarge);
}

}  // namespace
}  // namespace synap::models
