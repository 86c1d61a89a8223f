#include "content/s3/answers.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace synap::content {
namespace {

constexpr std::string_view kListing = R"(<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix>p/</Prefix>
<KeyCount>2</KeyCount><MaxKeys>2</MaxKeys><IsTruncated>true</IsTruncated>
<Contents><Key>p/ann/note/a.md</Key><LastModified>2026-01-31T12:00:00.000Z</LastModified>
<ETag>&#34;1cb251ec&#34;</ETag><Size>4</Size><Owner><ID>x</ID></Owner></Contents>
<Contents><Key>p/a&amp;b</Key><LastModified>2026-01-31T12:00:01Z</LastModified><Size>0</Size>
</Contents></ListBucketResult>)";

TEST(S3Answers, ListingIsRead) {
  const auto listing = parse_s3_listing(kListing);
  ASSERT_TRUE(listing);
  EXPECT_TRUE(listing->is_cut);
  ASSERT_EQ(listing->objects.size(), 2u);
  EXPECT_EQ(listing->objects[0].name, "p/ann/note/a.md");
  EXPECT_EQ(listing->objects[0].size, 4);
  EXPECT_EQ(listing->objects[0].modified_at, parse_iso8601("2026-01-31T12:00:00.000Z"));
  EXPECT_EQ(listing->objects[1].name, "p/a&b");
  EXPECT_EQ(listing->objects[1].size, 0);
  const auto empty = parse_s3_listing("<ListBucketResult><Name>b</Name></ListBucketResult>");
  ASSERT_TRUE(empty);
  EXPECT_FALSE(empty->is_cut);
  EXPECT_TRUE(empty->objects.empty());
}

TEST(S3Answers, WhatIsNoListingIsRefused) {
  const auto with_size = [](std::string_view size) {
    return "<ListBucketResult><Contents><Key>a</Key><Size>" + std::string(size) +
           "</Size></Contents></ListBucketResult>";
  };
  ASSERT_TRUE(parse_s3_listing(with_size("12")));
  for (const std::string& xml :
       {std::string(), std::string("hello"), std::string("<html></html>"),
        std::string("<ListBucketResult>"), std::string(kListing.substr(0, 300)), with_size("12x"),
        with_size("99999999999999999999"), with_size(""),
        std::string("<ListBucketResult><Contents><LastModified>soon</LastModified></Contents>"
                    "</ListBucketResult>"),
        std::string("\xff\xfe<"), std::string("<a>\0</a>", 8)}) {
    const auto refused = parse_s3_listing(xml);
    ASSERT_FALSE(refused) << xml;
    EXPECT_EQ(refused.error().code, Code::kBadGateway);
  }
}

// What grows, leads elsewhere or goes on for ever ends at a bound.
TEST(S3Answers, HostileTextIsRefused) {
  const std::string laughs =
      "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"haha\"><!ENTITY c \"&b;&b;&b;\">]>"
      "<Error><Code>&c;</Code></Error>";
  EXPECT_EQ(parse_s3_error(laughs).code, "");
  EXPECT_EQ(parse_s3_error("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><Error><Code>A</Code>"
                           "</Error>")
                .code,
            "");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  EXPECT_EQ(parse_s3_error(deep).code, "");
  EXPECT_FALSE(parse_s3_listing(deep));
  EXPECT_EQ(parse_s3_error("<Error><Code>" + std::string(100'000, 'x') + "</Code></Error>").code,
            "");
  EXPECT_FALSE(parse_s3_upload("<InitiateMultipartUploadResult><UploadId>" +
                               std::string(3'000, 'x') +
                               "</UploadId></InitiateMultipartUploadResult>"));
  EXPECT_EQ(parse_s3_error("<Error><Code>a\nb: forged</Code></Error>").code, "");
}

TEST(S3Answers, ErrorIsReadByItsCode) {
  const auto error = parse_s3_error(
      "<?xml version=\"1.0\"?><Error><Code>AuthorizationHeaderMalformed</Code><Message>the region "
      "'us-east-1' is wrong</Message><Region>eu-central-1</Region></Error>");
  EXPECT_EQ(error.code, "AuthorizationHeaderMalformed");
  EXPECT_EQ(error.region, "eu-central-1");
  EXPECT_EQ(parse_s3_error("<html>502 Bad Gateway</html>").code, "");
}

TEST(S3Answers, UploadIsBegunAndCompleted) {
  EXPECT_EQ(*parse_s3_upload("<InitiateMultipartUploadResult><Bucket>b</Bucket><UploadId>a+b/c="
                             "</UploadId></InitiateMultipartUploadResult>"),
            "a+b/c=");
  EXPECT_TRUE(
      is_s3_completion("<CompleteMultipartUploadResult><ETag>x</ETag>"
                       "</CompleteMultipartUploadResult>"));
  EXPECT_FALSE(is_s3_completion("<Error><Code>InternalError</Code></Error>"));
  EXPECT_EQ(s3_completion_text({"\"a\"", "b"}),
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            "<Part><PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag></Part>"
            "<Part><PartNumber>2</PartNumber><ETag>b</ETag></Part></CompleteMultipartUpload>");
}

}  // namespace
}  // namespace synap::content
