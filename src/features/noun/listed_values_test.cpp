// Fields of listed values: lists are sorted in the order in which the values are declared.
#include <gtest/gtest.h>

#include "features/feature_test.h"
#include "features/noun/noun.h"

namespace synap::features {

namespace tasks {
void add(const Rooms& rooms);
}
namespace projects {
void add(const Rooms& rooms);
}

namespace {

// A noun with a field of listed values, as it is described at this start.
class NounsWithListedValues : public FeatureTest {
 protected:
  NounsWithListedValues()
      : FeatureTest([](const Rooms& rooms) {
          NounCore(rooms, {.name = "box", .plural = "boxes", .indexed = {"size", "label"}},
                   object("BoxFields")
                       .field("name", string())
                       .field_or("size", size_schema(), "small")
                       .field("label", optional(one_of({"red", "blue"}))));
        }) {
    sizes = {"small", "medium", "large", "huge"};
    open();
  }

  // Without values: any text, as an earlier version may have had it.
  static Schema size_schema() {
    if (sizes.empty()) return string();
    return one_of(sizes);
  }
  void reopen_with(std::vector<std::string> values) {
    sizes = std::move(values);
    open();
  }
  void make(const std::string& name, const std::string& size) {
    SYNAP_CHECK(call("boxes.create", Json::object({{"name", name}, {"size", size}})).has_value());
  }
  /// The names in the order, from pages of two, from behind `cursor`.
  std::string paged(Json asked, std::optional<Json> cursor = std::nullopt) {
    asked.set("limit", 2);
    std::string names;
    for (;;) {
      if (cursor) asked.set("cursor", *cursor);
      const auto page = call("boxes.list", asked);
      if (!page) return page.error().message;
      for (const auto& box : page->find("boxes")->as_array()) names += box.string_or("name", "");
      if (page->find("nextCursor") == nullptr) return names;
      cursor = *page->find("nextCursor");
    }
  }
  std::string sorted_by(const std::string& sort) { return paged(Json::object({{"sort", sort}})); }
  std::string of_size(const std::string& size) { return paged(Json::object({{"size", size}})); }
  void expect_verified() {
    const auto found = sync_wait(executor, projections->verify("boxes"));
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_TRUE(found->is_equal()) << found->first_difference;
  }
  /// Whether reads are answered from tables that were filled for today's description.
  bool is_current() {
    return std::ranges::all_of(*sync_wait(executor, projections->list()),
                               &projections::Status::is_current);
  }

  static inline std::vector<std::string> sizes;
};

TEST_F(NounsWithListedValues, AreSortedAsTheirValuesAreDeclared) {
  for (const auto& [name, size] :
       {std::pair("a", "huge"), {"b", "small"}, {"c", "medium"}, {"d", "large"}, {"e", "small"}}) {
    make(name, size);
  }
  EXPECT_EQ(sorted_by("size"), "becda");
  EXPECT_EQ(sorted_by("-size"), "adceb");
  EXPECT_EQ(of_size("small"), "eb");
  ASSERT_TRUE(call("boxes.create", Json::object({{"name", "f"}, {"label", "blue"}})));
  ASSERT_TRUE(call("boxes.create", Json::object({{"name", "g"}, {"label", "red"}})));
  // What has none is the smallest.
  EXPECT_EQ(sorted_by("label"), "abcdegf");
  EXPECT_EQ(sorted_by("-label"), "fgedcba");
  expect_verified();
}

TEST_F(NounsWithListedValues, AreSortedSoAlsoWhereAnEarlierVersionKeptTheirTexts) {
  reopen_with({});
  make("a", "small");
  make("b", "medium");
  make("c", "large");
  make("d", "none of them");
  const auto page = *call("boxes.list", Json::object({{"sort", "size"}, {"limit", 1}}));
  EXPECT_EQ(page.find("boxes")->as_array()[0].string_or("name", ""), "c");
  reopen_with({"small", "medium", "large", "huge"});
  EXPECT_TRUE(is_current());
  // What an earlier version let in and this one does not list comes last, and holds no page up.
  EXPECT_EQ(sorted_by("size"), "abcd");
  EXPECT_EQ(sorted_by("-size"), "dcba");
  EXPECT_EQ(of_size("medium"), "b");
  // A cursor of then goes on behind the same value.
  EXPECT_EQ(paged(Json::object({{"sort", "size"}}), *page.find("nextCursor")), "d");
  expect_verified();
}

TEST_F(NounsWithListedValues, AreNotReadByAnOlderListOfValues) {
  make("a", "small");
  make("b", "medium");
  // Behind the others: what is kept means the same.
  reopen_with({"small", "medium", "large", "huge", "giant"});
  make("c", "giant");
  EXPECT_EQ(sorted_by("-size"), "cba");
  // Between the others: it does not.
  reopen_with({"tiny", "small", "medium", "large", "huge", "giant"});
  EXPECT_TRUE(is_current());
  EXPECT_EQ(of_size("small"), "a");
  EXPECT_EQ(sorted_by("size"), "abc");
  expect_verified();
}

class Tasks : public FeatureTest {
 protected:
  Tasks()
      : FeatureTest([](const Rooms& rooms) {
          projects::add(rooms);
          tasks::add(rooms);
        }) {}
};

TEST_F(Tasks, AreSortedByTheirUrgency) {
  for (const char* priority : {"urgent", "low", "high", "normal"}) {
    ASSERT_TRUE(call("tasks.create", Json::object({{"title", priority}, {"priority", priority}})));
  }
  const auto page = *call("tasks.list", Json::object({{"sort", "priority"}}));
  std::string titles;
  for (const auto& task : page.find("tasks")->as_array())
    titles += std::string(task.string_or("title", "")) + " ";
  EXPECT_EQ(titles, "low normal high urgent ");
}

}  // namespace
}  // namespace synap::features
