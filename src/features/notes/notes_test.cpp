#include "features/notes/notes.h"

#include <gtest/gtest.h>

#include "features/feature_test.h"
#include "features/noun/stored_text.h"
#include "features/requests/requests.h"
#include "features/runs/runs.h"

namespace synap::features::notes {
namespace {

TEST(NoteTitle, IsTheFirstLineThatHasWords) {
  EXPECT_EQ(title_of("Hello\nWorld"), "Hello");
  EXPECT_EQ(title_of("\n \t\n## Heading ##\ntext"), "Heading ##");
  EXPECT_EQ(title_of("  padded  \r\nnext"), "padded");
  EXPECT_EQ(title_of("###\n###\nreal"), "real");
  EXPECT_EQ(title_of("#tag first"), "tag first");
  EXPECT_EQ(title_of(""), "Untitled");
  EXPECT_EQ(title_of(" \n\t\n#\n"), "Untitled");
  EXPECT_EQ(title_of("no newline at the end"), "no newline at the end");
}

TEST(NoteTitle, IsCutBetweenCharacters) {
  const std::string line(150, 'x');
  EXPECT_EQ(title_of(line), line.substr(0, 100));
  std::string umlauts;
  for (int i = 0; i < 150; ++i) umlauts += "\xc3\xbc";
  EXPECT_EQ(title_of(umlauts), umlauts.substr(0, 200));
  std::string faces = std::string(99, 'x');
  for (int i = 0; i < 9; ++i) faces += "\xf0\x9f\x98\x80";
  EXPECT_EQ(title_of(faces), faces.substr(0, 103));
  EXPECT_TRUE(is_valid_utf8(title_of(faces)));
  // The cut leaves no blank at the end.
  EXPECT_EQ(title_of(std::string(99, 'x') + " y"), std::string(99, 'x'));
}

TEST(NotePreview, IsTheBeginningCutBetweenCharacters) {
  EXPECT_EQ(preview_of("# a\nb"), "# a\nb");
  EXPECT_EQ(preview_of(""), "");
  std::string text;
  for (int i = 0; i < 600; ++i) text += "\xe2\x82\xac";
  EXPECT_EQ(preview_of(text), text.substr(0, 1'500));
  EXPECT_EQ(preview_of(text.substr(0, 1'500)), text.substr(0, 1'500));
}

class Notes : public FeatureTest {
 protected:
  Notes()
      : FeatureTest([](const Rooms& rooms) {
          notes::add(rooms);
          requests::add(rooms);
          runs::add(rooms);
        }) {}

  std::string make(std::string text, Json::Object more = {}) {
    Json asked = Json::object({{"content", std::move(text)}});
    for (auto& [key, value] : more) asked.set(key, std::move(value));
    return done("notes.create", std::move(asked))->find("entityId")->as_string();
  }
  Json get(const std::string& id) {
    auto note = call("notes.get", Json::object({{"id", id}}));
    return note ? *note : Json(note.error().message);
  }
};

TEST_F(Notes, CreationStoresListsAndAnswers) {
  const auto id = make("# Title\ntext", {{"tags", Json::array().push_back("a").push_back("a")}});
  const auto note = get(id);
  EXPECT_EQ(note.find("title")->as_string(), "Title");
  EXPECT_EQ(note.find("content")->as_string(), "# Title\ntext");
  EXPECT_EQ(note.find("filePath")->as_string(), "ann/note/" + id + ".md");
  EXPECT_EQ(note.find("version")->as_integer(), 1);
  EXPECT_EQ(note.find("tags")->as_array().size(), 1u);
  EXPECT_EQ(test::read_file(directory.path() + "/content/ann/note/" + id + ".md"), "# Title\ntext");
}

TEST_F(Notes, TagsAreListedWithTheirCounts) {
  const auto tags = [](std::initializer_list<const char*> names) {
    Json list = Json::array();
    for (const char* name : names) list.push_back(name);
    return list;
  };
  const auto listed = [&](const std::string& user = "ann") {
    return call("tags.list", Json::object({}), user)->find("tags")->dump();
  };
  const auto one = make("1", {{"tags", tags({"a", "b"})}});
  const auto two = make("2", {{"tags", tags({"b", "c"})}});
  EXPECT_EQ(listed(), R"([{"tag":"a","count":1},{"tag":"b","count":2},{"tag":"c","count":1}])");
  ASSERT_TRUE(done("notes.update", input(one, {{"tags", tags({"c"})}})));
  EXPECT_EQ(listed(), R"([{"tag":"b","count":1},{"tag":"c","count":2}])");
  ASSERT_TRUE(done("notes.delete", input(two)));
  EXPECT_EQ(listed(), R"([{"tag":"c","count":1}])");
  EXPECT_EQ(listed("bob"), "[]");
}

TEST_F(Notes, TheirTablesFollowFromTheLogWhateverHappenedToThem) {
  const auto one = make("1", {{"tags", Json::array().push_back("a")}});
  const auto two = make("2");
  make(std::string(100'000, 'x'));
  ASSERT_TRUE(done("notes.update", input(one, {{"title", "new"}, {"content", "one"}})));
  content->is_broken = true;
  testing::internal::CaptureStderr();
  ASSERT_TRUE(done("notes.update", input(one, {{"content", "lost"}})));
  ASSERT_TRUE(done("notes.create", Json::object({{"content", "lost"}})));
  content->is_broken = false;
  testing::internal::GetCapturedStderr();
  ASSERT_TRUE(done("notes.delete", input(two)));
  wait_for_followers();
  for (const char* name : {"notes", "tags"}) {
    const auto found = sync_wait(executor, projections->verify(name));
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_TRUE(found->is_equal()) << found->first_difference;
    EXPECT_GT(found->rows, 1);
  }
}

TEST_F(Notes, HistoryShowsWhatEachVersionWas) {
  const auto id = make("first", {{"tags", Json::array().push_back("a")}});
  ASSERT_TRUE(done("notes.update", input(id, {{"content", "second"}})));
  ASSERT_TRUE(done("notes.update", input(id, {{"title", "Third"}})));
  const auto history = *call("notes.history", input(id));
  const auto& versions = history.find("versions")->as_array();
  ASSERT_EQ(versions.size(), 3u);
  EXPECT_EQ(versions[0].find("version")->as_integer(), 3);
  EXPECT_EQ(versions[0].find("title")->as_string(), "Third");
  EXPECT_EQ(versions[1].find("title")->as_string(), "first");
  EXPECT_EQ(versions[2].find("source")->as_string(), "api");
  EXPECT_EQ(versions[2].find("filePath")->as_string(), "ann/note/" + id + ".md");
  EXPECT_EQ(versions[1].find("filePath")->as_string(), versions[0].find("filePath")->as_string());
  EXPECT_NE(versions[1].find("filePath")->as_string(), versions[2].find("filePath")->as_string());
  const auto page = *call("notes.history", input(id, {{"limit", 2}}));
  EXPECT_EQ(page.find("nextBefore")->as_integer(), 2);
  EXPECT_EQ(call("notes.history", input(id, {{"before", 2}}))->find("versions")->as_array().size(),
            1u);
  EXPECT_EQ(call("notes.history", input(id), "bob").error().code, Code::kNotFound);
  // And each can be read.
  EXPECT_EQ(call("notes.get", input(id, {{"version", 1}}))->find("content")->as_string(), "first");
  EXPECT_EQ(call("notes.get", input(id, {{"version", 2}}))->find("content")->as_string(), "second");
  EXPECT_EQ(call("notes.get", input(id, {{"version", 4}})).error().code, Code::kNotFound);
}

TEST_F(Notes, RestoreMakesAnEarlierVersionTheNewest) {
  for (const auto& text : {std::string("short"), std::string(100'000, 'x')}) {
    const auto id = make(text, {{"title", "Then"}, {"tags", Json::array().push_back("old")}});
    ASSERT_TRUE(done("notes.update", input(id, {{"content", "now"},
                                                {"title", "Now"},
                                                {"tags", Json::array().push_back("new")}})));
    ASSERT_TRUE(done("notes.restore", input(id, {{"version", 1}, {"expectedVersion", 2}})));
    const auto note = get(id);
    EXPECT_EQ(note.find("version")->as_integer(), 3);
    EXPECT_EQ(note.find("content")->as_string(), text);
    EXPECT_EQ(note.find("preview")->as_string(), preview_of(text));
    EXPECT_EQ(note.find("title")->as_string(), "Then");
    EXPECT_EQ(note.find("tags")->as_array().front().as_string(), "old");
    EXPECT_EQ(call("notes.restore", input(id, {{"version", 9}})).error().code, Code::kNotFound);
  }
}

TEST_F(Notes, ARefusedCommandLeavesNoFile) {
  const auto files = [&] {
    std::size_t count = 0;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(directory.path() + "/content")) {
      count += entry.is_regular_file() ? 1 : 0;
    }
    return count;
  };
  const std::string text(100'000, 'x');
  const auto create = Json::object({{"content", text}, {"idempotencyKey", "k"}});
  const auto id = done("notes.create", create)->find("entityId")->as_string();
  EXPECT_EQ(files(), 1u);
  ASSERT_TRUE(done("notes.create", create));
  EXPECT_FALSE(call("notes.update", input(id, {{"content", text}, {"expectedVersion", 7}})));
  EXPECT_FALSE(call("notes.update", input(Uuid::v7().to_string(), {{"content", text}})));
  EXPECT_EQ(files(), 1u);
}

TEST_F(Notes, UpdateChangesWhatIsGivenAndKeepsTheRest) {
  const auto id = make("one", {{"tags", Json::array().push_back("a")}});
  ASSERT_TRUE(done("notes.update", input(id, {{"title", "Two"}})));
  auto note = get(id);
  EXPECT_EQ(note.find("title")->as_string(), "Two");
  EXPECT_EQ(note.find("content")->as_string(), "one");
  EXPECT_EQ(note.find("version")->as_integer(), 2);
  ASSERT_TRUE(done("notes.update",
                   input(id, {{"content", "three"}, {"tags", Json::array().push_back("b")}})));
  note = get(id);
  EXPECT_EQ(note.find("title")->as_string(), "Two");
  EXPECT_EQ(note.find("content")->as_string(), "three");
  EXPECT_EQ(note.find("preview")->as_string(), "three");
  EXPECT_EQ(note.find("tags")->as_array().front().as_string(), "b");
  EXPECT_EQ(call("notes.list", Json::object({{"tag", "a"}}))->find("total")->as_integer(), 0);
  EXPECT_EQ(call("notes.list", Json::object({{"tag", "b"}}))->find("total")->as_integer(), 1);
  EXPECT_EQ(call("notes.update", input(id)).error().code, Code::kBadRequest);
}

TEST_F(Notes, StaleExpectedVersionIsToldTheActualOne) {
  const auto id = make("one");
  ASSERT_TRUE(done("notes.update", input(id, {{"title", "2"}, {"expectedVersion", 1}})));
  for (const int stale : {1, 3}) {
    for (const char* path : {"notes.update", "notes.delete"}) {
      const auto refused = call(path, input(id, {{"title", "x"}, {"expectedVersion", stale}}));
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, Code::kConflict);
      EXPECT_EQ(actual_version(refused.error()), 2);
    }
  }
  EXPECT_TRUE(done("notes.update", input(id, {{"title", "3"}, {"expectedVersion", 2}})));
  EXPECT_EQ(get(id).find("version")->as_integer(), 3);
}

TEST_F(Notes, VersionIsRightAgainAfterARetriedUpdate) {
  const auto id = make("one");
  content->is_broken = true;
  testing::internal::CaptureStderr();
  const auto failed = done("notes.update", input(id, {{"content", "two"}}));
  ASSERT_TRUE(failed);
  EXPECT_EQ(status(*failed), "failed");
  // It did not happen: the note has the version it had.
  EXPECT_EQ(get(id).find("version")->as_integer(), 1);
  const auto run = *call("runs.list", Json::object({{"status", "failed"}}));
  const auto run_id = run.find("runs")->as_array().front().find("id")->as_string();
  ASSERT_TRUE(done("runs.retry", Json::object({{"id", run_id}})));
  EXPECT_EQ(status(*failed), "failed");
  content->is_broken = false;
  ASSERT_TRUE(done("runs.retry", Json::object({{"id", run_id}})));
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(status(*failed), "completed");
  EXPECT_EQ(get(id).find("version")->as_integer(), 2);
  const auto next = done("notes.update", input(id, {{"title", "3"}, {"expectedVersion", 2}}));
  EXPECT_TRUE(next) << next.error().message << " " << actual_version(next.error());
  EXPECT_EQ(get(id).find("version")->as_integer(), 3);
}

TEST_F(Notes, DeletedNoteIsGoneAndItsTextIsKept) {
  const auto id = make("one", {{"tags", Json::array().push_back("a")}});
  ASSERT_TRUE(done("notes.delete", input(id)));
  EXPECT_EQ(call("notes.get", input(id)).error().code, Code::kNotFound);
  EXPECT_EQ(call("notes.list", Json::object({}))->find("total")->as_integer(), 0);
  EXPECT_EQ(call("notes.list", Json::object({{"tag", "a"}}))->find("total")->as_integer(), 0);
  EXPECT_EQ(call("notes.update", input(id, {{"title", "x"}})).error().code, Code::kNotFound);
  EXPECT_EQ(call("notes.delete", input(id)).error().code, Code::kNotFound);
  EXPECT_EQ(test::read_file(directory.path() + "/content/ann/note/" + id + ".md"), "one");
}

TEST_F(Notes, UpdateRetriedAfterADeletionBringsNothingBack) {
  const auto id = make("one", {{"tags", Json::array().push_back("a")}});
  content->is_broken = true;
  testing::internal::CaptureStderr();
  ASSERT_TRUE(done("notes.update",
                   input(id, {{"content", "two"}, {"tags", Json::array().push_back("b")}})));
  content->is_broken = false;
  ASSERT_TRUE(done("notes.delete", input(id)));
  const auto run = *call("runs.list", Json::object({{"status", "failed"}}));
  const auto run_id = run.find("runs")->as_array().front().find("id")->as_string();
  ASSERT_TRUE(done("runs.retry", Json::object({{"id", run_id}})));
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(call("notes.list", Json::object({}))->find("total")->as_integer(), 0);
  EXPECT_EQ(call("notes.list", Json::object({{"tag", "b"}}))->find("total")->as_integer(), 0);
  EXPECT_EQ(call("notes.get", input(id)).error().code, Code::kNotFound);
}

TEST_F(Notes, AnotherUsersNoteDoesNotExist) {
  const auto id = make("ann's");
  for (const char* path : {"notes.get", "notes.getById", "notes.update", "notes.delete"}) {
    const auto refused = call(path, input(id, {{"title", "x"}}), "bob");
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().code, Code::kNotFound) << path;
  }
  // Not with an idempotency key, nor with the version, either.
  const auto refused =
      call("notes.update",
           input(id, {{"title", "x"}, {"expectedVersion", 1}, {"idempotencyKey", "k"}}), "bob");
  EXPECT_EQ(refused.error().code, Code::kNotFound);
  EXPECT_EQ(call("notes.list", Json::object({}), "bob")->find("total")->as_integer(), 0);
}

TEST_F(Notes, RepeatedCommandGivesTheFirstAnswer) {
  const auto create = Json::object({{"content", "one"}, {"idempotencyKey", "k1"}});
  const auto first = done("notes.create", create);
  const auto second = done("notes.create", create);
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(call("notes.list", Json::object({}))->find("total")->as_integer(), 1);
  const auto id = first->find("entityId")->as_string();

  const auto update = input(id, {{"title", "2"}, {"expectedVersion", 1}, {"idempotencyKey", "k2"}});
  const auto updated = done("notes.update", update);
  ASSERT_TRUE(updated);
  // The version has moved on since, and it is a repeat all the same.
  EXPECT_EQ(*done("notes.update", update), *updated);
  EXPECT_EQ(get(id).find("version")->as_integer(), 2);

  const auto remove = input(id, {{"idempotencyKey", "k3"}});
  const auto removed = done("notes.delete", remove);
  ASSERT_TRUE(removed);
  EXPECT_EQ(*done("notes.delete", remove), *removed);
  EXPECT_EQ(*done("notes.update", update), *updated);
}

TEST_F(Notes, ARestoreIsRepeatedAlsoWhenTheNoteIsGone) {
  const auto id = make("one");
  ASSERT_TRUE(done("notes.update", input(id, {{"title", "two"}})));
  const auto restore = input(id, {{"version", 1}, {"idempotencyKey", "k"}});
  const auto restored = *done("notes.restore", restore);
  ASSERT_TRUE(done("notes.delete", input(id)));
  const auto again = call("notes.restore", restore);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, restored);
  EXPECT_EQ(call("notes.restore", input(id, {{"version", 1}})).error().code, Code::kNotFound);
}

TEST_F(Notes, IdempotencyKeyForAnotherCommandIsAConflict) {
  ASSERT_TRUE(done("notes.create", Json::object({{"content", "1"}, {"idempotencyKey", "k"}})));
  const auto other =
      call("notes.create", Json::object({{"content", "2"}, {"idempotencyKey", "k"}}));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::kConflict);
  EXPECT_EQ(actual_version(other.error()), -1);
  // The header's key is the same space; the input's goes first.
  EXPECT_FALSE(call("notes.create", Json::object({{"content", "2"}}), "ann", "k"));
  EXPECT_TRUE(call("notes.create", Json::object({{"content", "2"}}), "bob", "k"));
}

TEST_F(Notes, ConcurrentUpdatesAllHappen) {
  const auto id = make("one");
  const auto* procedure = procedures.find("notes.update");
  test::Started<Result<rpc::Reply>> calls(executor);
  for (int i = 0; i < 16; ++i) {
    auto context = std::make_shared<api::CallContext>(kEverybodyMay);
    context->actor = api::Actor::of_key("ann", api::Role::kMember, "key");
    calls.add(procedure->handler(
        {.context = context, .input = {.json = input(id, {{"title", std::to_string(i)}})}}));
  }
  for (const auto& result : calls.wait()) EXPECT_TRUE(result);
  wait_until_idle();
  EXPECT_EQ(get(id).find("version")->as_integer(), 17);
}

TEST_F(Notes, LongTextIsKeptOutOfTheLog) {
  const std::string text(300'000, 'x');
  const auto id = make(text);
  EXPECT_EQ(get(id).find("content")->as_string(), text);
  const auto event = *sync_wait(executor, log->at(1));
  EXPECT_LT(event->data.size(), 1'000u);
}

TEST_F(Notes, DamagedTextIsToldFromAMissingNote) {
  const auto id = make("one");
  const auto path = directory.path() + "/content/ann/note/" + id + ".md";
  testing::internal::CaptureStderr();
  std::ofstream(path) << "oops";
  const auto damaged = call("notes.get", input(id));
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, Code::kInternalServerError);
  EXPECT_NE(damaged.error().message.find("damaged"), std::string::npos);
  std::filesystem::remove(path);
  const auto missing = call("notes.get", input(id));
  EXPECT_EQ(missing.error().code, Code::kInternalServerError);
  EXPECT_NE(missing.error().message.find("missing"), std::string::npos);
  // The other versions are in files of their own, and one of them can be the newest again.
  ASSERT_TRUE(done("notes.update", input(id, {{"content", "whole"}})));
  EXPECT_EQ(get(id).find("content")->as_string(), "whole");
  std::ofstream(directory.path() + "/content/" + get(id).find("filePath")->as_string()) << "?";
  EXPECT_FALSE(call("notes.get", input(id)));
  testing::internal::GetCapturedStderr();
}

TEST_F(Notes, ListPagesFromTheNewest) {
  std::vector<std::string> ids;
  for (int i = 0; i < 7; ++i) ids.push_back(make(std::to_string(i)));
  std::vector<std::string> seen;
  Json page = Json::object({{"limit", 3}});
  for (;;) {
    const auto list = *call("notes.list", page);
    EXPECT_EQ(list.find("total")->as_integer(), 7);
    for (const auto& note : list.find("notes")->as_array()) {
      seen.push_back(note.find("id")->as_string());
    }
    if (list.find("nextCursor") == nullptr) break;
    page.set("cursor", *list.find("nextCursor"));
  }
  std::reverse(seen.begin(), seen.end());
  EXPECT_EQ(seen, ids);
}

TEST_F(Notes, CanBeChangedOrDeletedBeforeItIsThere) {
  content->is_held = true;
  const auto asked = [&](const char* path, Json in) {
    const auto answer = call(path, std::move(in));
    EXPECT_TRUE(answer) << path;
    return answer ? answer->find("entityId")->as_string() : "";
  };
  const auto changed = asked("notes.create", Json::object({{"content", "one"}}));
  const auto deleted = asked("notes.create", Json::object({{"content", "one"}}));
  const auto other = call("notes.update", input(changed, {{"title", "x"}, {"expectedVersion", 2}}));
  ASSERT_FALSE(other);
  EXPECT_EQ(actual_version(other.error()), 1);
  EXPECT_EQ(call("notes.update", input(changed, {{"title", "x"}}), "bob").error().code,
            Code::kNotFound);
  asked("notes.update", input(changed, {{"title", "two"}, {"expectedVersion", 1}}));
  asked("notes.update", input(changed, {{"title", "three"}, {"expectedVersion", 2}}));
  asked("notes.delete", input(deleted));
  EXPECT_EQ(call("notes.update", input(deleted, {{"title", "x"}})).error().code, Code::kNotFound);
  content->released.raise(1);
  wait_until_idle();
  EXPECT_EQ(get(changed).find("title")->as_string(), "three");
  EXPECT_EQ(get(changed).find("version")->as_integer(), 3);
  EXPECT_EQ(call("notes.get", input(deleted)).error().code, Code::kNotFound);
}

TEST_F(Notes, CreationThatFailsForGoodIsToldAndCanBeRetried) {
  content->is_broken = true;
  testing::internal::CaptureStderr();
  const auto accepted = done("notes.create", Json::object({{"content", "one"}}));
  EXPECT_EQ(status(*accepted), "failed");
  const auto id = accepted->find("entityId")->as_string();
  EXPECT_EQ(call("notes.get", input(id)).error().code, Code::kNotFound);
  EXPECT_EQ(call("notes.update", input(id, {{"title", "x"}})).error().code, Code::kNotFound);
  content->is_broken = false;
  const auto run = *call("runs.list", Json::object({{"status", "failed"}}));
  const auto run_id = run.find("runs")->as_array().front().find("id")->as_string();
  EXPECT_EQ(call("runs.retry", Json::object({{"id", run_id}}), "bob").error().code,
            Code::kNotFound);
  ASSERT_TRUE(done("runs.retry", Json::object({{"id", run_id}})));
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(status(*accepted), "completed");
  EXPECT_EQ(get(id).find("content")->as_string(), "one");
}

}  // namespace
}  // namespace synap::features::notes
