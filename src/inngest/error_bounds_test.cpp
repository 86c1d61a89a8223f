#include "inngest/error_bounds.h"

#include <gmock/gmock.h>

#include "inngest/reply.h"
#include "workers/error_text.h"

namespace synap::inngest {
namespace {

constexpr std::size_t kWholeMax =
    kErrorNameBytesMax + workers::kErrorMessageBytesMax + kErrorStackBytesMax + kErrorRestBytesMax;
// What says how much was cut, and the keys.
constexpr std::size_t kMarks = 1'000;

Json error(std::size_t message, std::size_t stack) {
  return Json::object({{"name", "Error"},
                       {"message", std::string(message, 'm')},
                       {"stack", std::string(stack, 's')}});
}

TEST(ErrorBounds, AnErrorOfUsualSizeIsKeptAsItIs) {
  auto usual = error(200, 4'000);
  usual.set("cause", error(100, 2'000));
  usual.set("data", Json::object({{"n", 7}}));
  EXPECT_EQ(bounded_error(usual), usual);
  EXPECT_EQ(bounded_error(Json()), Json());
  EXPECT_EQ(bounded_error("thrown as it is"), Json("thrown as it is"));
}

TEST(ErrorBounds, WhatIsTooLongIsCutAndSaysSo) {
  const auto cut = bounded_error(error(600'000, 7'000'000));
  EXPECT_EQ(cut.string_or("name", ""), "Error");
  EXPECT_THAT(std::string(cut.string_or("message", "")),
              testing::EndsWith("m... (583616 more bytes)"));
  EXPECT_THAT(std::string(cut.string_or("stack", "")),
              testing::EndsWith("s... (6934464 more bytes)"));
  EXPECT_LE(json_bytes(cut), kWholeMax + kMarks);
}

TEST(ErrorBounds, ACauseIsCutAsAnErrorIs) {
  auto caused = error(1, 1);
  caused.set("cause", error(100, 7'000'000));
  const auto cut = bounded_error(caused);
  const Json* cause = cut.find("cause");
  ASSERT_NE(cause, nullptr);
  EXPECT_EQ(cause->string_or("message", ""), std::string(100, 'm'));
  EXPECT_THAT(std::string(cause->string_or("stack", "")), testing::EndsWith(" more bytes)"));
  EXPECT_LE(json_bytes(cut), kErrorRestBytesMax + kMarks);
}

TEST(ErrorBounds, NothingElseInItIsWithoutABound) {
  auto data = Json::array();
  for (int i = 0; i < 100'000; ++i) data.push_back(i);
  auto wide = error(1, 1);
  wide.set("data", data);
  EXPECT_THAT(std::string(bounded_error(wide).string_or("data", "")),
              testing::MatchesRegex("\\([0-9]+ bytes of JSON\\)"));
  Json::Object members;
  for (int i = 0; i < 100'000; ++i) members.emplace_back(std::to_string(i), i);
  EXPECT_LE(json_bytes(bounded_error(members)), kErrorRestBytesMax + kMarks);
  auto deep = error(1, 70'000);
  for (int i = 0; i < 60; ++i) {
    auto outer = error(20'000, 70'000);
    outer.set("cause", std::move(deep));
    deep = std::move(outer);
  }
  EXPECT_LE(json_bytes(bounded_error(deep)), kWholeMax + kMarks);
  EXPECT_LE(json_bytes(bounded_error(std::string(7'000'000, 'x'))), kErrorRestBytesMax + kMarks);
}

// However it comes: as the end of a call, or as a step's.
TEST(ErrorBounds, AreThoseOfWhatAnAppAnswers) {
  outbound::Response response;
  response.status = 500;
  response.headers = {{"x-inngest-sdk", "js:v4.24.0"}};
  response.body = error(600'000, 600'000).dump();
  EXPECT_LE(json_bytes(read_reply(response, 0).error), kWholeMax);
  const auto op = read_op(Json::object({{"op", "StepError"},
                                        {"id", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"},
                                        {"error", error(600'000, 600'000)}}));
  ASSERT_TRUE(op);
  EXPECT_LE(json_bytes(op->error), kWholeMax);
}

}  // namespace
}  // namespace synap::inngest
