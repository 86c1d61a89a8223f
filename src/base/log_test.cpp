#include "base/log.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/json.h"

namespace synap {
namespace {

using namespace std::chrono_literals;

std::string text(std::string_view message, std::vector<LogField> fields = {}) {
  return log_line(LogFormat::kText, LogLevel::kInfo, 0, "pod", message, fields);
}
std::string json(std::string_view message, std::vector<LogField> fields = {}) {
  return log_line(LogFormat::kJson, LogLevel::kWarn, 1'767'225'600'123, "pod", message, fields);
}

/// Lines of this test go to where it can read them.
class LogTest : public testing::Test {
 protected:
  void SetUp() override { testing::internal::CaptureStderr(); }
  void TearDown() override {
    if (!is_read_) written();
    set_log({});
  }
  std::string written() {
    is_read_ = true;
    return testing::internal::GetCapturedStderr();
  }
  bool is_read_ = false;
};

TEST(LogLine, TextIsASentenceAndWhatItDoesNotName) {
  EXPECT_EQ(text("serving {url} from {data}", {{"url", "http://127.0.0.1:1"}, {"data", "/a b"}}),
            "synap: serving http://127.0.0.1:1 from /a b\n");
  EXPECT_EQ(text("{procedure} {code} in {ms} ms", {{"procedure", "notes.get"},
                                                   {"code", "OK"},
                                                   {"ms", 1.5},
                                                   {"user", "u-1"},
                                                   {"why", "two words"},
                                                   {"none", ""},
                                                   {"n", std::int64_t{-3}}}),
            "synap: notes.get OK in 1.5 ms user=u-1 why=\"two words\" none=\"\" n=-3\n");
  EXPECT_EQ(text("a {place} of nothing {"), "synap: a {place} of nothing {\n");
}

TEST(LogLine, JsonHasTheSentenceAndEveryField) {
  EXPECT_EQ(json("run {run} was given up", {{"run", "r\"1"}, {"attempt", std::int64_t{4}}}),
            R"({"time":"2026-01-01T00:00:00.123Z","level":"warn","room":"pod",)"
            R"("message":"run r\"1 was given up","run":"r\"1","attempt":4})"
            "\n");
}

TEST(LogLine, NoValueCanForgeALineOrMoveACursor) {
  const std::vector<std::string> hostile = {
      "a\nsynap: the owner's key was revoked",
      "a\r\nb",
      "\x1b[2J\x1b]0;title\x07",
      std::string("nul\0byte", 8),
      "\xc2\x9b"
      "31mred",                     // CSI as one character
      "line\xe2\x80\xa8separator",  // U+2028
      "\xe2\x80\xaegnp.exe",        // U+202E, from right to left
      "not \xff utf-8 \xc3",
      "\"} {\"level\":\"error\",\"message\":\"forged",
      "x=1 level=error",
  };
  for (const auto& value : hostile) {
    for (const auto& message : {"of {value}", "of something"}) {
      for (const auto& line :
           {text(message, {{"value", value}}), json(message, {{"value", value}})}) {
        EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
        EXPECT_TRUE(is_valid_utf8(line));
        for (const char c : line.substr(0, line.size() - 1)) {
          EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << line;
        }
        for (const char* bad : {"\xc2\x9b", "\xe2\x80\xa8", "\xe2\x80\xae"}) {
          EXPECT_EQ(line.find(bad), std::string::npos) << line;
        }
      }
      const auto parsed = parse_json(json(message, {{"value", value}}));
      ASSERT_TRUE(parsed) << value;
      EXPECT_EQ(parsed->as_object().size(), 5u) << "no field was added";
      EXPECT_EQ(parsed->string_or("level", ""), "warn");
    }
  }
  EXPECT_EQ(text("said", {{"value", "x=1 level=error"}}),
            "synap: said value=\"x=1 level=error\"\n");
  EXPECT_EQ(text("{value}", {{"value", "a\nb\x1b"}}), "synap: a\\nb\\u001b\n");
  EXPECT_EQ(*parse_json(json("", {{"value", "a\nb"}}))->find("value"), Json("a\nb"))
      << "what can be told in JSON is told as it was";
}

TEST(LogLine, AValueIsCutBetweenCharacters) {
  std::string umlauts;
  for (int i = 0; i < 5'000; ++i) umlauts += "ä";
  const auto line = text("{value}", {{"value", " " + umlauts}});
  EXPECT_LT(line.size(), 1'100u);
  EXPECT_TRUE(line.ends_with("ä…\n"));
  EXPECT_EQ(line.find("\xef\xbf\xbd"), std::string::npos);
}

TEST_F(LogTest, WritesWhatItsLevelAsksFor) {
  set_log({.level = LogLevel::kWarn});
  EXPECT_TRUE(is_logged(LogLevel::kError));
  EXPECT_FALSE(is_logged(LogLevel::kInfo));
  write_log(LogLevel::kInfo, "pod", "left out");
  write_log(LogLevel::kWarn, "pod", "written");
  EXPECT_EQ(written(), "synap: written\n");
}

TEST_F(LogTest, LinesOfManyThreadsAreWhole) {
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([] {
        for (int n = 0; n < 200; ++n) write_log(LogLevel::kInfo, "pod", "one whole line");
      });
    }
  }
  std::string expected;
  for (int i = 0; i < 800; ++i) expected += "synap: one whole line\n";
  EXPECT_EQ(written(), expected);
}

TEST_F(LogTest, OfWhatStrangersBringAboutTenLinesASecondAreWrittenAndTheRestIsCounted) {
  for (int i = 0; i < 1'000; ++i) {
    write_log_bounded(Same::kMessage, LogLevel::kInfo, "api", "a key was refused",
                      {{"peer", std::to_string(i)}});
  }
  flush_log();
  const auto all = written();
  // A test that is held up over a second sees ten lines more; none is lost without being counted.
  std::int64_t lines = 0;
  std::int64_t left_out = 0;
  for (std::size_t at = 0; at < all.size();) {
    const auto line = all.substr(at, all.find('\n', at) - at);
    at += line.size() + 1;
    lines += line.contains("peer=");
    const auto open = line.find(" (and ");
    if (open != line.npos) left_out += std::stoll(line.substr(open + 6));
  }
  EXPECT_EQ(lines + left_out, 1'000) << all;
  EXPECT_LE(lines, 100);
}

TEST_F(LogTest, WhatIsToldOfLinesThatWereLeftOutHasNoPlacesOfFieldsInIt) {
  for (int i = 0; i < 30; ++i) {
    write_log_bounded(Same::kMessage, LogLevel::kWarn, "api", "slow: {procedure} {code} in {ms} ms",
                      {{"procedure", "a.b"}, {"code", "OK"}, {"ms", 1.5}});
    // Of a line that repeats itself, what strangers wrote is told as they wrote it.
    write_log_bounded(Same::kLine, LogLevel::kWarn, "api", "no {what}", {{"what", "{such} thing"}});
  }
  flush_log();
  const auto all = written();
  EXPECT_TRUE(all.contains("slow: a.b OK in 1.5 ms\n")) << all;
  EXPECT_TRUE(all.contains("slow: … in … ms (and ")) << all;
  EXPECT_TRUE(all.contains("no {such} thing (and ")) << all;
  EXPECT_FALSE(all.contains("{procedure}")) << all;
}

TEST(RepeatedLines, WritesSoManyASecondAndTellsHowManyWereLeftOut) {
  RepeatedLines lines;
  const RepeatedLines::Time begin{};
  const auto add = [&](std::string_view key, auto after) {
    const auto answer = lines.add(key, 1, begin + after);
    return answer.is_written ? answer.before : -1;
  };
  EXPECT_EQ(add("full", 0ms), 0);
  EXPECT_EQ(add("full", 10ms), -1);
  EXPECT_EQ(add("full", 999ms), -1);
  EXPECT_EQ(add("other", 999ms), 0);
  EXPECT_EQ(add("full", 1s), 2);
  EXPECT_EQ(add("full", 1500ms), -1);
  EXPECT_EQ(add("full", 9s), 1);
  EXPECT_EQ(add("full", 99s), 0);
}

TEST(RepeatedLines, TellsWhatWasLeftOutWhenAnotherComesOrAtTheEnd) {
  RepeatedLines lines;
  const RepeatedLines::Time begin{};
  for (int i = 0; i < 5; ++i) lines.add("full", 1, begin);
  EXPECT_TRUE(lines.over(begin + 999ms).empty());
  const auto over = lines.over(begin + 2s);
  ASSERT_EQ(over.size(), 1u);
  EXPECT_EQ(over.front().key, "full");
  EXPECT_EQ(over.front().count, 4);
  for (int i = 0; i < 3; ++i) lines.add("other", 1, begin + 2s);
  EXPECT_EQ(lines.rest().front().count, 2);
  EXPECT_TRUE(lines.rest().empty());
}

TEST(RepeatedLines, IsBoundedAndHidesNothing) {
  RepeatedLines lines;
  const RepeatedLines::Time begin{};
  for (int i = 0; i < 2'000; ++i) EXPECT_TRUE(lines.add(std::to_string(i), 1, begin).is_written);
  EXPECT_FALSE(lines.add("0", 1, begin).is_written);
  EXPECT_TRUE(lines.add("1999", 1, begin).is_written);
}

}  // namespace
}  // namespace synap
