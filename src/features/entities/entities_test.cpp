#include "features/entities/entities.h"

#include <gtest/gtest.h>

#include "features/entities/entity_type.h"
#include "features/feature_test.h"
#include "features/relations/relations.h"
#include "features/requests/requests.h"
#include "features/searching/searching.h"

namespace synap::features::entities {
namespace {

constexpr auto kBook = R"({"name":"x.book","schema":{"type":"object","properties":{
    "title":{"type":"string"},"status":{"enum":["open","read"]},"pages":{"type":"integer"},
    "due":{"type":["string","null"],"format":"date"},"lent":{"type":"boolean"}},
    "required":["title"],"additionalProperties":false},
    "filters":["status","lent"],"sorts":["pages","due"],
    "lists":[{"filter":"status","sort":"pages"}],"icon":"book"})";

class EntitiesTest : public FeatureTest {
 protected:
  explicit EntitiesTest(int backfill_parts_max = kBackfillPartsMax)
      : FeatureTest([backfill_parts_max](const Rooms& rooms) {
          requests::add(rooms);
          add(rooms, backfill_parts_max);
          relations::add(rooms);
          searching::add(rooms);
        }) {
    search->start();
  }

  static Json json(std::string_view text) {
    auto value = parse_json(text);
    EXPECT_TRUE(value.has_value()) << text;
    return value ? std::move(*value) : Json();
  }
  static std::string told(const Result<Json>& answer) {
    if (answer) return answer->dump();
    return std::string(info(answer.error().code).name) + ": " + answer.error().message;
  }
  std::string told(std::string_view path, std::string_view input, const std::string& user = "ann",
                   const std::string& key = "") {
    return told(call(path, json(input), user, key));
  }
  void define(std::string_view definition = kBook, const std::string& user = "ann") {
    const auto made = told("entityTypes.define", definition, user);
    ASSERT_NE(made.find("\"isNew\":true"), std::string::npos) << made;
  }
  /// Of the book as it is, with one member another.
  static Json book_with(std::string_view member, std::string_view value) {
    Json definition = json(kBook);
    definition.set(member, json(value));
    return definition;
  }
  std::string make(std::string_view data, const std::string& user = "ann") {
    const auto made =
        call("entities.create", Json::object({{"type", "x.book"}, {"data", json(data)}}), user);
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return made ? made->find("entityId")->as_string() : "";
  }
  Result<Json> list(std::string_view more, const std::string& user = "ann") {
    Json asked = json(more);
    asked.set("type", "x.book");
    return call("entities.list", asked, user);
  }
  /// The titles, page by page.
  std::string titles(std::string_view more, const std::string& user = "ann") {
    Json asked = json(more);
    asked.set("type", "x.book");
    std::string text;
    for (;;) {
      const auto page = call("entities.list", asked, user);
      if (!page) return told(page);
      for (const auto& entity : page->find("entities")->as_array()) {
        text += (text.empty() ? "" : " ") + entity.find("title")->as_string();
      }
      const Json* next = page->find("nextCursor");
      if (next == nullptr) return text;
      asked.set("cursor", *next);
    }
  }
  void expect_same_when_rebuilt() {
    const auto found = sync_wait(executor, projections->verify("entities"));
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_TRUE(found->is_equal()) << found->first_difference;
  }
  void wait_until_filled() {
    for (;;) {
      const auto commits = database->commits().value();
      const auto type = call("entityTypes.get", json(R"({"name":"x.book"})"));
      if (type && type->find("filling")->as_array().empty()) return;
      sync_wait(executor,
                [&]() -> Task<void> { co_await database->commits().wait_past(commits); }());
    }
  }
};

TEST_F(EntitiesTest, ATypeIsItsUsersAndHasVersions) {
  EXPECT_EQ(told("entityTypes.define", kBook),
            R"({"name":"x.book","version":1,"isNew":true,"filling":[]})");
  EXPECT_EQ(told("entityTypes.define", kBook),
            R"({"name":"x.book","version":1,"isNew":false,"filling":[]})");
  EXPECT_EQ(told(call("entityTypes.define", book_with("icon", "\"b\""))),
            R"({"name":"x.book","version":2,"isNew":true,"filling":[]})");
  EXPECT_EQ(told("entityTypes.list", "{}", "bob"), R"({"types":[]})");
  EXPECT_TRUE(told("entityTypes.get", R"({"name":"x.book"})", "bob").starts_with("NOT_FOUND"));
  EXPECT_TRUE(told("entityTypes.remove", R"({"name":"x.book"})", "bob").starts_with("NOT_FOUND"));
  define(kBook, "bob");

  open();  // the next start
  const auto newest = call("entityTypes.get", json(R"({"name":"x.book"})"));
  ASSERT_TRUE(newest) << newest.error().message;
  EXPECT_EQ(newest->find("version")->as_integer(), 2);
  EXPECT_EQ(newest->string_or("icon", ""), "b");
  EXPECT_EQ(*newest->find("schema"), *json(kBook).find("schema"));
  const auto first = call("entityTypes.get", json(R"({"name":"x.book","version":1})"));
  EXPECT_EQ(first->string_or("icon", ""), "book");
  EXPECT_TRUE(told("entityTypes.get", R"({"name":"x.book","version":3})").starts_with("NOT_FOUND"));
  EXPECT_EQ(call("entityTypes.list", Json::object())->find("types")->as_array().size(), 1U);
  expect_same_when_rebuilt();
}

TEST_F(EntitiesTest, NamesAndDefinitionsThatCannotBeAreRefusedWithTheirPlace) {
  for (const char* name : {"book", "x.Book", "x.", "x.a.b", "x.1", "note", "x.__proto__"}) {
    const auto answer =
        call("entityTypes.define", Json::object({{"name", name}, {"schema", Json::object()}}));
    ASSERT_FALSE(answer.has_value()) << name;
    EXPECT_EQ(answer.error().code, Code::kBadRequest) << name;
  }
  const auto refusal = [&](std::string_view member, std::string_view value) {
    return told(call("entityTypes.define", book_with(member, value)));
  };
  EXPECT_EQ(refusal("filters", R"(["nothing"])"),
            "BAD_REQUEST: filters[0]: \"nothing\" is none of the schema's properties");
  EXPECT_EQ(refusal("sorts", R"(["pages","pages"])"), "BAD_REQUEST: sorts[1]: it is there twice");
  EXPECT_EQ(refusal("lists", R"([{"filter":"status","sort":"x y"}])").substr(0, 44),
            "BAD_REQUEST: lists[0].sort: a field by which");
  EXPECT_EQ(refusal("title", "\"pages\""), "BAD_REQUEST: title: \"pages\" is no text");
  EXPECT_EQ(refusal("schema", R"({"properties":{"status":{"type":["string","number"]},)"
                              R"("lent":{"type":"array"}},"additionalProperties":true})")
                .substr(0, 68),
            "BAD_REQUEST: filters[0]: \"status\" has no single type: string, number");
  EXPECT_EQ(refusal("schema", R"({"properties":{"kg":{"tpye":"number"}}})").substr(0, 66),
            "BAD_REQUEST: The schema cannot be used: #/properties/kg/tpye is no");
  EXPECT_TRUE(refusal("schema", R"({"$ref":"#"})").starts_with("BAD_REQUEST: The schema cannot"));
  EXPECT_TRUE(refusal("schema", R"({"$dynamicRef":"#a"})").starts_with("BAD_REQUEST"));
  EXPECT_TRUE(refusal("schema", R"({"properties":{"__proto__":{"type":"string"}}})")
                  .find("schema.properties.__proto__: no client") != std::string::npos);
  const Json large = Json::object({{"description", std::string(70'000, 'x')}});
  EXPECT_TRUE(refusal("schema", large.dump()).starts_with("PAYLOAD_TOO_LARGE: A schema has"));
  EXPECT_EQ(told("entityTypes.list", "{}"), R"({"types":[]})");
}

TEST_F(EntitiesTest, AnEntityFitsItsTypeAndHasVersions) {
  define();
  const auto id = make(R"({"title":"Emma","pages":3})");
  const auto wrong =
      call("entities.create", json(R"({"type":"x.book","data":{"pages":"3","x":1}})"));
  ASSERT_FALSE(wrong.has_value());
  const auto& issues = wrong.error().details->find("issues")->as_array();
  std::string paths;
  for (const auto& issue : issues) paths += issue.find("path")->dump();
  EXPECT_EQ(paths, R"(["data","title"]["data","pages"]["data"])") << wrong.error().message;

  ASSERT_TRUE(call("entities.update", input(id, {{"data", json(R"({"pages":4,"lent":true})")}})));
  EXPECT_TRUE(told(call("entities.update", input(id, {{"data", json(R"({"title":null})")}})))
                  .starts_with("BAD_REQUEST"));
  ASSERT_TRUE(call("entities.update",
                   input(id, {{"data", json(R"({"lent":null})")}, {"expectedVersion", 2}})));
  const auto stale = call("entities.update",
                          input(id, {{"data", json(R"({"pages":9})")}, {"expectedVersion", 2}}));
  ASSERT_FALSE(stale.has_value());
  EXPECT_EQ(actual_version(stale.error()), 3);
  auto got = *call("entities.get", input(id));
  EXPECT_EQ(got.find("data")->dump(), R"({"title":"Emma","pages":4})");
  EXPECT_EQ(got.string_or("title", ""), "Emma");
  EXPECT_EQ(got.string_or("type", ""), "x.book");
  EXPECT_EQ(got.find("typeVersion")->as_integer(), 1);
  ASSERT_TRUE(call("entities.restore", input(id, {{"version", 2}})));
  EXPECT_EQ(call("entities.get", input(id))->find("data")->dump(),
            R"({"title":"Emma","pages":4,"lent":true})");
  EXPECT_EQ(titles(R"({"filter":{"lent":true}})"), "Emma");
  const auto history = *call("entities.history", input(id));
  EXPECT_EQ(history.find("versions")->as_array().size(), 4U);
  EXPECT_EQ(history.find("versions")->as_array()[3].find("data")->dump(),
            R"({"title":"Emma","pages":3})");
  expect_same_when_rebuilt();
  ASSERT_TRUE(call("entities.delete", input(id)));
  EXPECT_TRUE(told(call("entities.get", input(id))).starts_with("NOT_FOUND"));
  EXPECT_EQ(titles(R"({"filter":{"lent":true}})"), "");
  expect_same_when_rebuilt();
}

TEST_F(EntitiesTest, ARedefinitionJudgesTheNextChange) {
  define();
  const auto id = make(R"({"title":"Emma"})");
  ASSERT_TRUE(
      call("entityTypes.define", book_with("schema", R"({"properties":{"title":{"type":"string"},
      "status":{"enum":["open","read"]},"pages":{"type":"integer"},"lent":{"type":"boolean"},
      "due":{"type":"string","format":"date"}},"required":["pages"]})")));
  EXPECT_EQ(call("entities.get", input(id))->find("typeVersion")->as_integer(), 1);
  const auto refused = call("entities.update", input(id, {{"data", json(R"({"title":"E"})")}}));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().details->find("issues")->as_array()[0].find("path")->dump(),
            R"(["data","pages"])");
  ASSERT_TRUE(call("entities.update", input(id, {{"data", json(R"({"pages":1})")}})));
  EXPECT_EQ(call("entities.get", input(id))->find("typeVersion")->as_integer(), 2);
  // As it was then it may not be any more.
  EXPECT_TRUE(told(call("entities.restore", input(id, {{"version", 1}}))).starts_with("BAD_REQ"));
}

TEST_F(EntitiesTest, ListsAreTheDeclaredOnesInTheOrderOfTheirValues) {
  define();
  make(R"({"title":"a","pages":10,"status":"open","due":"2026-02-01"})");
  make(R"({"title":"b","pages":9,"status":"read"})");
  make(R"({"title":"c","pages":-1,"status":"open","due":"2025-12-31"})");
  make(R"({"title":"d","status":"open","lent":false,"due":null})");
  make(R"({"title":"e","pages":100,"lent":true})");
  for (const auto* limit : {"1", "2", "100"}) {
    const auto with = [&](const std::string& more) {
      return titles(R"({"limit":)" + std::string(limit) + more + "}");
    };
    EXPECT_EQ(with(""), "e d c b a") << limit;
    EXPECT_EQ(with(R"(,"sort":"createdAt")"), "a b c d e") << limit;
    EXPECT_EQ(with(R"(,"sort":"pages")"), "d c b a e") << limit;
    EXPECT_EQ(with(R"(,"sort":"-pages")"), "e a b c d") << limit;
    EXPECT_EQ(with(R"(,"sort":"-due")"), "a c e d b") << limit;
    EXPECT_EQ(with(R"(,"filter":{"status":"open"})"), "d c a") << limit;
    EXPECT_EQ(with(R"(,"filter":{"status":null})"), "e") << limit;
    EXPECT_EQ(with(R"(,"filter":{"lent":false})"), "d") << limit;
    EXPECT_EQ(with(R"(,"filter":{"status":"open"},"sort":"pages")"), "d c a") << limit;
    EXPECT_EQ(with(R"(,"filter":{"status":"open"},"sort":"-pages")"), "a c d") << limit;
  }
  EXPECT_EQ(list(R"({"filter":{"status":"open"},"limit":1})")->find("total")->as_integer(), 3);
}

TEST_F(EntitiesTest, WhatIsNotDeclaredIsRefusedWithWhatIs) {
  define();
  make(R"({"title":"a"})");
  EXPECT_EQ(titles(R"({"filter":{"title":"a"}})"),
            "BAD_REQUEST: filter: x.book declares no filter \"title\"; its filters are: status, "
            "lent");
  EXPECT_EQ(titles(R"({"sort":"-title"})"),
            "BAD_REQUEST: sort: x.book declares no sort \"title\"; its sorts are: createdAt, "
            "pages, due");
  EXPECT_EQ(titles(R"({"filter":{"status":"open"},"sort":"due"})"),
            "BAD_REQUEST: sort: x.book declares no list by filter \"status\" with sort \"due\"; "
            "its lists are: status with pages");
  EXPECT_EQ(titles(R"({"filter":{"lent":"yes"}})"), "BAD_REQUEST: filter: \"lent\" is a boolean");
  EXPECT_EQ(titles(R"({"filter":{"lent":true,"status":"open"}})").substr(0, 31),
            "BAD_REQUEST: filter: 2 filters;");
  EXPECT_EQ(titles(R"({"cursor":"AAAA"})").substr(0, 28), "BAD_REQUEST: cursor: give th");
  EXPECT_EQ(told("entities.list", R"({"type":"x.film"})"),
            "NOT_FOUND: You have defined no type \"x.film\" (entityTypes.define)");
  EXPECT_EQ(told("entities.list", R"({"sort":"pages"})"),
            "BAD_REQUEST: type: a filter or a sort is of a type: say which");
  make(R"({"title":"b"})");
  const auto page = list(R"({"limit":1,"sort":"pages"})");
  const auto cursor = page->find("nextCursor")->as_string();
  EXPECT_TRUE(titles(R"({"sort":"due","cursor":")" + cursor + "\"}").starts_with("BAD_REQUEST"));
}

// Of the statement that lists run. A server would rather look through so few rows.
TEST_F(EntitiesTest, APageOfAListIsLedByTheIndex) {
  define();
  const bool is_on_server = store->is_on_server();
  const std::string key = "k";
  const auto plan_of = [&](bool is_descending) {
    return test::run(executor, [&] {
      return database->read_as("ann", [&](db::Tx& tx) {
        if (is_on_server) {
          auto rows = tx.query("SELECT set_config('enable_seqscan', 'off', true)");
          EXPECT_TRUE(rows.next());
        }
        std::string text;
        const std::vector<db::Value> values = {"x.book",      "status:text", db::Blob{key},
                                               db::Blob{key}, Uuid{},        std::int64_t{20}};
        auto rows = tx.query_with((is_on_server ? "EXPLAIN " : "EXPLAIN QUERY PLAN ") +
                                      list_statement("version", is_descending, true),
                                  values);
        while (rows.next()) text += rows.text(is_on_server ? 0 : 3) + "\n";
        return text;
      });
    });
  };
  for (const bool is_descending : {false, true}) {
    const auto plan = plan_of(is_descending);
    ASSERT_TRUE(plan) << plan.error().message;
    const std::string than = is_descending ? "<" : ">";
    const auto led = is_on_server ? "ROW(sort_key, entity) " + than + " ROW("
                                  : "SEARCH entity_index_data USING PRIMARY KEY (user_id=? AND "
                                    "type=? AND list=? AND filter_key=? AND (sort_key,entity)" +
                                        than + "(?,?))";
    EXPECT_NE(plan->find(led), std::string::npos) << *plan;
    EXPECT_EQ(plan->find("SCAN entit"), std::string::npos) << *plan;
    // Nothing is sorted before the page is cut off: what is sorted then is the page.
    const auto page =
        is_on_server ? plan->substr(plan->find("Limit")) : plan->substr(0, plan->find("SCAN i\n"));
    EXPECT_EQ(page.find(is_on_server ? "Sort" : "TEMP B-TREE"), std::string::npos) << *plan;
  }
}

TEST_F(EntitiesTest, AListThatIsNewIsFilledInByARun) {
  define();
  constexpr int kMore = 150;  // than go in one commit
  for (int i = 0; i < kMore; ++i) {
    make(R"({"title":"t)" + std::to_string(i) + R"(","pages":)" + std::to_string(i % 7) + "}");
  }
  const auto gone = make(R"({"title":"gone"})");
  ASSERT_TRUE(call("entities.delete", input(gone)));
  pool->stop(std::chrono::seconds(30));
  const auto defined = call("entityTypes.define", book_with("filters", R"(["pages","status"])"));
  ASSERT_TRUE(defined) << defined.error().message;
  EXPECT_EQ(defined->find("filling")->dump(), R"(["pages"])");
  EXPECT_EQ(titles(R"({"filter":{"pages":3}})").substr(0, 66),
            "PRECONDITION_FAILED: filter: this list, which version 2 of x.book ");
  EXPECT_EQ(titles(R"({"filter":{"status":"open"}})"), "");  // there was before
  const auto id = make(R"({"title":"later","pages":3})");
  open();  // the next start: the run is made now
  wait_until_filled();
  EXPECT_EQ(call("entityTypes.get", json(R"({"name":"x.book"})"))->find("filling")->dump(), "[]");
  EXPECT_EQ(list(R"({"filter":{"pages":3}})")->find("total")->as_integer(), kMore / 7 + 1);
  // Of the list that is declared no more nothing is left.
  const auto left = test::run(executor, [&] {
    return database->read([](db::Tx& tx) {
      auto rows = tx.query("SELECT count(*) FROM entity_index_data WHERE list = 'lent:boolean'");
      return rows.next() ? rows.integer(0) : -1;
    });
  });
  EXPECT_EQ(*left, 0);
  EXPECT_EQ(call("entities.get", input(id))->find("version")->as_integer(), 1);
  expect_same_when_rebuilt();
}

class ShortRunsTest : public EntitiesTest {
 protected:
  ShortRunsTest() : EntitiesTest(/*backfill_parts_max=*/1) {}
};

TEST_F(ShortRunsTest, ALongListIsFilledInByARunBehindTheOther) {
  define();
  constexpr int kMore = 250;  // than go in two commits
  for (int i = 0; i < kMore; ++i) make(R"({"title":"t","pages":)" + std::to_string(i % 5) + "}");
  ASSERT_TRUE(call("entityTypes.define", book_with("filters", R"(["pages"])")));
  wait_until_filled();
  EXPECT_EQ(list(R"({"filter":{"pages":3}})")->find("total")->as_integer(), kMore / 5);
  const auto page = sync_wait(
      executor, log->read(events::Tenancy::whole_pod(),
                          {.limit = 100, .types = {std::string(kBackfillRequested.name)}}));
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->events.size(), 3u);
}

TEST_F(EntitiesTest, ATypeGoesWhenNothingIsOfIt) {
  define();
  const auto id = make(R"({"title":"a"})");
  EXPECT_EQ(told("entityTypes.remove", R"({"name":"x.book"})"),
            "PRECONDITION_FAILED: There are entities of x.book: delete them first");
  ASSERT_TRUE(call("entities.delete", input(id)));
  EXPECT_EQ(told("entityTypes.remove", R"({"name":"x.book"})"), R"({"name":"x.book"})");
  EXPECT_EQ(told("entityTypes.list", "{}"), R"({"types":[]})");
  EXPECT_TRUE(told("entities.create", R"({"type":"x.book","data":{"title":"a"}})")
                  .starts_with("NOT_FOUND"));
  EXPECT_EQ(told("entityTypes.define", kBook),
            R"({"name":"x.book","version":2,"isNew":true,"filling":[]})");
  make(R"({"title":"b"})");
  expect_same_when_rebuilt();
}

TEST_F(EntitiesTest, NobodySeesTheEntitiesOfAnother) {
  define();
  define(kBook, "bob");
  const auto id = make(R"({"title":"anns","status":"open"})");
  make(R"({"title":"bobs","status":"open"})", "bob");
  for (const char* path : {"entities.get", "entities.history", "entities.delete"}) {
    EXPECT_TRUE(told(call(path, input(id), "bob")).starts_with("NOT_FOUND")) << path;
  }
  EXPECT_TRUE(told(call("entities.update", input(id, {{"data", Json::object()}}), "bob"))
                  .starts_with("NOT_FOUND"));
  EXPECT_EQ(titles(R"({"filter":{"status":"open"}})", "bob"), "bobs");
  EXPECT_EQ(titles("{}", "bob"), "bobs");
  EXPECT_EQ(list("{}", "bob")->find("total")->as_integer(), 1);
}

TEST_F(EntitiesTest, ARepeatIsAnsweredAlsoWhenTheTypeHasMovedOn) {
  define();
  constexpr auto kCreate = R"({"type":"x.book","data":{"title":"a"},"idempotencyKey":"k"})";
  const auto first = told("entities.create", kCreate);
  ASSERT_TRUE(call("entityTypes.define", book_with("schema", R"({"properties":{
      "status":{"enum":["open"]},"pages":{"type":"integer"},"lent":{"type":"boolean"},
      "due":{"type":"string","format":"date"}},"required":["pages"]})")));
  EXPECT_EQ(told("entities.create", kCreate), first);
  EXPECT_TRUE(told("entities.create", R"({"type":"x.book","data":{"title":"a"}})")
                  .starts_with("BAD_REQUEST"));
  EXPECT_EQ(list("{}")->find("total")->as_integer(), 1);
}

TEST_F(EntitiesTest, AreFoundByTheirWordsAndRelated) {
  define();
  const auto emma = make(R"({"title":"Emma Woodhouse","status":"open"})");
  const auto other = make(R"({"title":"Highbury"})");
  const auto end = log->end().value();
  auto wait = [&]() -> Task<void> { co_await search->indexed().wait_past(end - 1); };
  sync_wait(executor, wait());
  const auto hits = [&](std::string_view more, const std::string& user = "ann") {
    Json asked = json(more);
    asked.set("q", "woodhouse");
    const auto found = call("search.query", asked, user);
    if (!found) return told(found);
    std::string text;
    for (const auto& hit : found->find("hits")->as_array()) {
      text += std::string(hit.string_or("entityType", "")) + " " +
              std::string(hit.string_or("type", "")) + " " +
              std::string(hit.string_or("title", ""));
    }
    return text;
  };
  EXPECT_EQ(hits("{}"), "entity x.book Emma Woodhouse");
  EXPECT_EQ(hits(R"({"types":["x.book"]})"), "entity x.book Emma Woodhouse");
  EXPECT_EQ(hits(R"({"types":["entity"]})"), "entity x.book Emma Woodhouse");
  EXPECT_EQ(told("search.suggest", R"({"prefix":"emma"})"),
            R"({"suggestions":[{"entityId":")" + emma +
                R"(","entityType":"entity","type":"x.book","title":"Emma Woodhouse"}]})");
  EXPECT_EQ(hits(R"({"types":["x.film"]})"),
            "BAD_REQUEST: types: \"x.film\" is none that is searched; these are entity, x.book");
  EXPECT_EQ(hits("{}", "bob"), "");
  const auto status = call("search.status", Json::object());
  ASSERT_TRUE(status);
  EXPECT_EQ(status->find("types")->dump(),
            R"([{"name":"entity"},{"name":"x.book","icon":"book"}])");
  // Its properties have names, which are no words of it.
  EXPECT_EQ(told("search.query", R"({"q":"title status"})").substr(0, 10), R"({"hits":[])");
  const auto related = call("relations.create",
                            Json::object({{"fromId", emma}, {"toId", other}, {"type", "part_of"}}));
  ASSERT_TRUE(related) << related.error().message;
  const auto around = call("relations.neighbours", input(emma));
  EXPECT_EQ(around->find("things")->as_array()[1].string_or("title", ""), "Highbury");
  ASSERT_TRUE(call("entities.delete", input(other)));
  wait_until_idle();
  EXPECT_EQ(call("relations.list", Json::object())->find("total")->as_integer(), 0);
}

TEST_F(EntitiesTest, DataThatAreTooMuchAreRefused) {
  ASSERT_TRUE(call("entityTypes.define", json(R"({"name":"x.book","schema":{
      "properties":{"title":{"type":"string"},"n":{"type":"number"}}},
      "filters":["title","n"],"sorts":["n"]})")));
  const auto create = [&](Json data) {
    return call("entities.create", Json::object({{"type", "x.book"}, {"data", std::move(data)}}));
  };
  EXPECT_EQ(told(create(Json::object({{"title", std::string(1 << 20, 'x')}}))).substr(0, 24),
            "BAD_REQUEST: data: 10485");
  // Texts that begin alike are told apart, however long they are.
  const std::string large(5'000, 'x');
  for (const auto* end : {"a", "b"}) {
    ASSERT_TRUE(create(Json::object({{"title", large + end}, {"n", 1}})));
  }
  const auto found =
      list(Json::object({{"filter", Json::object({{"title", large + "b"}})}}).dump());
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->find("total")->as_integer(), 1);
  const auto& entity = found->find("entities")->as_array()[0];
  EXPECT_TRUE(entity.find("data")->string_or("title", "").ends_with("b"));
  EXPECT_EQ(entity.string_or("title", "").size(), 500U);
}

TEST(EntityKeys, AreInTheOrderOfTheirValues) {
  const auto number = [](Json value) { return key_of(ValueKind::kNumber, &value); };
  const std::vector<Json> numbers = {-1e308,
                                     std::int64_t{-9'007'199'254'740'993},
                                     -9007199254740992.0,
                                     -1.5,
                                     -1,
                                     -1e-300,
                                     0,
                                     1e-300,
                                     0.5,
                                     1,
                                     2,
                                     10,
                                     std::int64_t{9'007'199'254'740'992},
                                     std::int64_t{9'007'199'254'740'993},
                                     INT64_MAX,
                                     1e300};
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    EXPECT_LT(number(numbers[i - 1]), number(numbers[i])) << i;
  }
  EXPECT_EQ(number(-0.0), number(0));
  EXPECT_LT(key_of(ValueKind::kNumber, nullptr), number(-1e308));
  const auto date = [](const char* text) {
    const Json value(text);
    return key_of(ValueKind::kDate, &value);
  };
  EXPECT_LT(date("1969-12-31"), date("1970-01-01"));
  EXPECT_LT(date("2026-01-01"), date("2026-01-01T00:00:00.001Z"));
  EXPECT_EQ(date("2026-01-01T02:00:00+02:00"), date("2026-01-01t00:00:00z"));
  EXPECT_EQ(date("soon"), key_of(ValueKind::kDate, nullptr));
}

}  // namespace
}  // namespace synap::features::entities
