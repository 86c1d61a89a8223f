#include "inngest/endpoints/endpoint_functions.h"

#include <gtest/gtest.h>

#include "inngest/registration.h"

namespace synap::inngest {
namespace {

constexpr std::string_view kShop = "https://shop.example";

TEST(EndpointFunctions, OfTwoVersionsOfAnAppTheOneThatRetriesMoreHolds) {
  const auto slug = endpoint_slug(kShop, "GET /buy");
  Json all = Json::array();
  std::string texts;
  for (const int retries : {3, 5, 3, 5, 3}) {
    all = with_endpoint(std::move(all), kShop, slug, retries).all;
    ASSERT_EQ(all.as_array().size(), 1U);
    texts += std::to_string(AppFunction::read(all.as_array().front())->retries_max);
  }
  EXPECT_EQ(texts, "35555");
}

TEST(EndpointFunctions, ThoseBeyondAHundredHaveOneNameTogether) {
  Json all = Json::array();
  for (int i = 0; i < 103; ++i) {
    const auto slug = endpoint_slug(kShop, "GET /" + std::to_string(i));
    auto made = with_endpoint(std::move(all), kShop, slug, 7);
    EXPECT_EQ(made.slug, i < 100 ? slug : "https://shop.example *");
    all = std::move(made.all);
  }
  ASSERT_EQ(all.as_array().size(), 101U);
  EXPECT_EQ(AppFunction::read(all.as_array().back())->retries_max, 3);
  const auto known = endpoint_slug(kShop, "GET /5");
  EXPECT_EQ(with_endpoint(std::move(all), kShop, known, 1).slug, known);
}

}  // namespace
}  // namespace synap::inngest
