#include "inngest/posted_events.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json_given.h"
#include "inngest/ingestion.h"

namespace synap::inngest {
namespace {

std::string read(std::string type, std::string body) {
  net::Request request{.method = "POST", .path = "/e/key"};
  if (!type.empty()) request.headers.add("content-type", std::move(type));
  request.body = std::move(body);
  const auto events = posted_events(request);
  if (!events) return events.error().message;
  std::string all;
  for (const auto& event : *events) all += event.dump();
  return all;
}

TEST(PostedEvents, AreOneOrAListAsJson) {
  EXPECT_EQ(read("", R"({"name":"a"})"), R"({"name":"a"})");
  EXPECT_EQ(read("application/json", R"([{"name":"a"},{"name":"b"}])"),
            R"({"name":"a"}{"name":"b"})");
  EXPECT_EQ(read("application/x-www-form-urlencoded", R"( {"name":"a"})"), R"({"name":"a"})")
      << "as curl says of all it sends";
}

TEST(PostedEvents, HaveNoNumberThatWouldBecomeAnother) {
  EXPECT_EQ(read("", R"({"name":"a","data":{"n":9007199254740993}})"),
            parse_given_json("9007199254740993").error().message);
}

TEST(PostedEvents, ThatAreAFormHaveAListOfEachField) {
  const auto* expected = R"({"name":"a/b","data":{"from":["x y"],"to":["1","2"]}})";
  EXPECT_EQ(read("application/x-www-form-urlencoded", "to=1&name=a%2Fb&from=x+y&to=2"), expected);
  const auto part = [](std::string_view name, std::string_view value) {
    return fmt::format("--B\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", name,
                       value);
  };
  EXPECT_EQ(read("multipart/form-data; boundary=B",
                 part("to", "1") + part("name", "a/b") + part("from", "x y") + part("to", "2") +
                     part("mail\"; filename=\"a.txt", "text") + "--B--\r\n"),
            expected);
  EXPECT_EQ(read("multipart/form-data", "--B--\r\n"), "Failed to parse body as FormData.");
  EXPECT_EQ(read("multipart/form-data; boundary=B", part("to", "1")),
            "Failed to parse body as FormData.");
}

TEST(PostedEvents, OfAFormHaveAnEndOfItsFields) {
  std::string form = "name=a";
  for (int i = 1; i < 10'000; ++i) form += "&f" + std::to_string(i) + "=1";
  EXPECT_TRUE(read("application/x-www-form-urlencoded", form).starts_with(R"({"name":"a")"));
  EXPECT_EQ(read("application/x-www-form-urlencoded", form + "&g=1"),
            "A form has at most 10000 fields");
}

}  // namespace
}  // namespace synap::inngest
