#include "features/enrich/relating.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace synap::features::enrich {
namespace {

using testing::ElementsAre;

std::vector<NearThing> near(int count) {
  std::vector<NearThing> all;
  for (int i = 0; i < count; ++i) {
    all.push_back({.id = Uuid::derived(1, std::to_string(i)).to_string(), .type = "note"});
  }
  return all;
}

Json answer(const std::vector<std::pair<std::string, std::string>>& links) {
  Json list = Json::array();
  for (const auto& [id, type] : links) {
    list.push_back(Json::object({{"id", id}, {"type", type}, {"reason", "so it is"}}));
  }
  return Json::object({{"links", std::move(list)}});
}

std::vector<std::string> ends(const Links& links) {
  std::vector<std::string> ids;
  for (const auto& one : links.wanted) ids.push_back(one.to_id + " " + one.type);
  return ids;
}

TEST(EnrichLinks, LeadToWhatWasFoundAndNowhereElse) {
  const auto there = near(2);
  const auto made_up = Uuid::derived(1, "made up").to_string();
  const auto links = read_links(
      answer({{made_up, "related_to"}, {there[1].id, "part_of"}, {"", "related_to"}, {"1", "x"}}),
      there);
  EXPECT_THAT(ends(links), ElementsAre(there[1].id + " part_of"));
  EXPECT_EQ(links.refused, 3);
  EXPECT_EQ(links.wanted.front().reason, "so it is");
}

TEST(EnrichLinks, AreOfTypesThatThereAre) {
  const auto there = near(1);
  const auto links = read_links(
      answer({{there[0].id, "mentioned_in"}, {there[0].id, "owns"}, {there[0].id, "Part_of"}}),
      there);
  EXPECT_TRUE(links.wanted.empty());
  EXPECT_EQ(links.refused, 3);
}

TEST(EnrichLinks, AreOneToAThingAndFew) {
  const auto there = near(8);
  std::vector<std::pair<std::string, std::string>> asked;
  for (const auto& thing : there) {
    asked.emplace_back(thing.id, "related_to");
    asked.emplace_back(thing.id, "similar_to");
  }
  const auto links = read_links(answer(asked), there);
  EXPECT_EQ(links.wanted.size(), 5U);
  for (const auto& one : links.wanted) EXPECT_EQ(one.type, "related_to");
  EXPECT_EQ(links.refused, 0);
}

TEST(EnrichLinks, OfAnAnswerWithoutAnyAreNone) {
  for (const auto* text : {"{}", R"({"links":null})", R"({"links":"all"})", R"({"links":[7]})"}) {
    EXPECT_TRUE(read_links(*parse_json(text), near(1)).wanted.empty()) << text;
  }
}

}  // namespace
}  // namespace synap::features::enrich
