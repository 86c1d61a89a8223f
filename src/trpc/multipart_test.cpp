#include "trpc/multipart.h"

#include <gtest/gtest.h>

namespace synap::trpc {
namespace {

constexpr std::string_view kType = "multipart/form-data; boundary=b";

std::string part(std::string_view disposition, std::string_view body, std::string_view more = "") {
  std::string out = "--b\r\nContent-Disposition: form-data; ";
  out.append(disposition).append("\r\n").append(more).append("\r\n").append(body).append("\r\n");
  return out;
}

TEST(Multipart, KeepsFieldsInOrderWithEqualNames) {
  const auto form = parse_multipart(
      kType, part("name=\"a\"", "1") + part("name=\"b\"", "") + part("name=\"a\"", "2") + "--b--");
  ASSERT_TRUE(form);
  ASSERT_EQ(form->size(), 3u);
  EXPECT_EQ((*form)[0].name, "a");
  EXPECT_EQ((*form)[0].value, "1");
  EXPECT_EQ((*form)[1].value, "");
  EXPECT_EQ((*form)[2].value, "2");
  EXPECT_FALSE((*form)[2].filename);
}

TEST(Multipart, ReadsFilesByteForByteWithTheirNamesAndTypes) {
  const std::string bytes("\0\xff\r\n--bx\r\n--", 11);
  const auto form =
      parse_multipart(kType, part("name=\"f\"; filename=\"\xc3\xa9 %22;x%22.bin\"", bytes,
                                  "content-type: application/octet-stream\r\n") +
                                 "--b--\r\n");
  // "--bx" at the start of a line is a boundary's look-alike: RFC 2046 forbids it in a body.
  EXPECT_FALSE(form);
  const std::string plain("\0\xff\r\n-b\r\n", 8);
  const auto file =
      parse_multipart(kType, part("name=\"f\"; filename=\"\xc3\xa9 %22;x%22.bin\"", plain,
                                  "content-type: application/octet-stream\r\n") +
                                 "--b--\r\n");
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)[0].filename, "\xc3\xa9 \";x\".bin");
  EXPECT_EQ((*file)[0].content_type, "application/octet-stream");
  EXPECT_EQ((*file)[0].value, plain);
}

TEST(Multipart, MakesTextOfWhatIsNotUtf8) {
  const auto form = parse_multipart(kType, part("name=\"a\xff\"", "x\xff") + "--b--");
  ASSERT_TRUE(form);
  EXPECT_EQ((*form)[0].name, "a\xEF\xBF\xBD");
  EXPECT_EQ((*form)[0].value, "x\xEF\xBF\xBD");
}

TEST(Multipart, ReadsAnEmptyFormAndSkipsAPreamble) {
  EXPECT_EQ(parse_multipart(kType, "--b--")->size(), 0u);
  EXPECT_EQ(parse_multipart(kType, "preamble\r\n" + part("name=a", "1") + "--b--")->size(), 1u);
  EXPECT_EQ(parse_multipart("multipart/form-data; charset=x; boundary=\"b\"",
                            part("name=a", "1") + "--b--")
                ->size(),
            1u);
}

TEST(Multipart, RefusesWhatIsNoForm) {
  const std::string good = part("name=\"a\"", "1");
  for (const std::string& body :
       {std::string(), std::string("x"), std::string("--b"), std::string("--b\r\n"), good,
        std::string("--b\r\n\r\nno name\r\n--b--"), good + "--c--",
        std::string("--b\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n--b--"),
        std::string("--b\r\nno colon\r\n\r\n1\r\n--b--"),
        std::string("--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--b--")}) {
    const auto form = parse_multipart(kType, body);
    ASSERT_FALSE(form) << body;
    EXPECT_EQ(form.error().code, Code::kBadRequest);
    EXPECT_EQ(form.error().message, "Failed to parse body as FormData.");
  }
  EXPECT_FALSE(parse_multipart("multipart/form-data", good + "--b--"));
  EXPECT_FALSE(parse_multipart("multipart/form-data; boundary=", good + "--b--"));
  EXPECT_FALSE(parse_multipart("multipart/form-data; boundary=" + std::string(71, 'b'), good));
}

}  // namespace
}  // namespace synap::trpc
