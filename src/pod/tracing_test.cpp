#include "pod/tracing.h"

#include <gtest/gtest.h>

namespace synap::pod {
namespace {

TEST(OtlpHeaders, AreReadAsTheEnvironmentHasThem) {
  const auto headers = parse_otlp_headers("api-key=a%20b, x-tenant = ann ,");
  ASSERT_TRUE(headers);
  ASSERT_EQ(headers->size(), 2u);
  EXPECT_EQ((*headers)[0].name, "api-key");
  EXPECT_EQ((*headers)[0].value, "a b");
  EXPECT_EQ((*headers)[1].name, "x-tenant");
  EXPECT_EQ((*headers)[1].value, "ann");
  EXPECT_TRUE(parse_otlp_headers("")->empty());
  EXPECT_EQ((*parse_otlp_headers("authorization=Basic a=="))[0].value, "Basic a==");
}

TEST(OtlpHeaders, ThatAreNoneAreRefused) {
  for (const char* text : {"key", "=value", "a b=c", "key=%zz", "key=a%0d%0ax: y", "k:=v"}) {
    EXPECT_FALSE(parse_otlp_headers(text)) << text;
  }
}

TEST(Traces, AreMadeOnlyWhereThereIsACollector) {
  EXPECT_EQ(exporter_of({}, real_world()), nullptr);
  EXPECT_NE(exporter_of({.endpoint = "http://127.0.0.1:9"}, real_world()), nullptr);
}

}  // namespace
}  // namespace synap::pod
