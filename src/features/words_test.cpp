#include "features/words.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace synap::features {
namespace {

TEST(QueryOf, HasTheWordsAloneAndNoSyntax) {
  EXPECT_EQ(query_of("# What \"grows\" -under type:note (the) oak*?"),
            "What grows under type note the oak ");
  EXPECT_EQ(query_of("Ärger im Häuschen"), "Ärger im Häuschen");
  EXPECT_EQ(query_of(" -?!\n"), "");
}

TEST(QueryOf, IsNoLongerThanSearchTakes) {
  std::string many;
  for (int i = 0; i < 300; ++i) many += "a ";
  const auto query = query_of(many);
  EXPECT_LE(std::ranges::count(query, 'a'), 64);
  EXPECT_GE(std::ranges::count(query, 'a'), 50);
  EXPECT_LE(query_of(std::string(9'000, 'a')).size(), 400U);
}

}  // namespace
}  // namespace synap::features
