#include "inngest/app_spans.h"

#include <gtest/gtest.h>

#include <protozero/pbf_builder.hpp>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

namespace synap::inngest {
namespace {

std::string read(std::string_view body, std::string_view type = "application/json") {
  auto made = with_owner(body, type, "ann");
  return made ? *made : made.error().message;
}

TEST(AppSpans, AsJsonSayWhoseTheyAre) {
  const std::string owner = R"({"key":"synap.user.id","value":{"stringValue":"ann"}})";
  EXPECT_EQ(read(R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"}]}]}]})"),
            R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"}]}],)"
            R"("resource":{"attributes":[)" +
                owner + "]}}]}");
  const std::string other = R"({"key":"service.name","value":{"stringValue":"app"}})";
  const std::string forged = R"({"key":"synap.user.id","value":{"stringValue":"bob"}})";
  EXPECT_EQ(read(R"({"resource_spans":[{"resource":{"attributes":[)" + forged + "," + other + "," +
                     forged + "]}}]}",
                 "application/json; charset=utf-8"),
            R"({"resource_spans":[{"resource":{"attributes":[)" + other + "," + owner + "]}}]}");
  EXPECT_EQ(read("{}"), "{}");
  for (const auto* body : {"[]", R"({"resourceSpans":7})", R"({"resourceSpans":[7]})",
                           R"({"resourceSpans":[{"resource":[]}]})",
                           R"({"resourceSpans":[{"resource":{"attributes":{}}}]})"}) {
    EXPECT_EQ(read(body), "These are no spans as OTLP has them") << body;
  }
  EXPECT_EQ(read("", "text/plain"), "Spans are application/json or application/x-protobuf");
}

void add_attribute(protozero::pbf_writer& resource, const std::string& key,
                   const std::string& text) {
  protozero::pbf_writer attribute(resource, 1);
  attribute.add_string(1, key);
  protozero::pbf_writer value(attribute, 2);
  value.add_string(1, text);
}

TEST(AppSpans, AsProtobufSayWhoseTheyAre) {
  std::string body;
  {
    protozero::pbf_writer request(body);
    protozero::pbf_writer spans(request, 1);
    {
      protozero::pbf_writer resource(spans, 1);
      add_attribute(resource, "synap.user.id", "bob");
      add_attribute(resource, "service.name", "app");
      resource.add_uint32(2, 3);
    }
    spans.add_bytes(2, std::string("scope"));
    spans.add_string(3, "schema");
    {
      // Parts of one resource are put together by whoever reads it.
      protozero::pbf_writer resource(spans, 1);
      add_attribute(resource, "synap.user.id", "bob");
    }
  }
  const auto made = read(body, "application/x-protobuf");
  std::string told;
  protozero::pbf_reader request(made);
  ASSERT_TRUE(request.next(1));
  auto spans = request.get_message();
  while (spans.next()) {
    if (spans.tag() != 1) {
      told += spans.get_string() + ";";
      continue;
    }
    auto resource = spans.get_message();
    while (resource.next()) {
      if (resource.tag() != 1) {
        told += "dropped " + std::to_string(resource.get_uint32()) + ";";
        continue;
      }
      auto attribute = resource.get_message();
      ASSERT_TRUE(attribute.next(1));
      told += attribute.get_string() + "=";
      ASSERT_TRUE(attribute.next(2));
      auto value = attribute.get_message();
      ASSERT_TRUE(value.next(1));
      told += value.get_string() + ";";
    }
  }
  EXPECT_FALSE(request.next());
  EXPECT_EQ(told, "service.name=app;dropped 3;scope;schema;synap.user.id=ann;");
  EXPECT_EQ(read("", "application/x-protobuf"), "");
  EXPECT_EQ(read(body.substr(0, body.size() - 1), "application/x-protobuf"),
            "These are no spans as OTLP has them");
}

}  // namespace
}  // namespace synap::inngest
