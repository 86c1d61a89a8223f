#include "features/notes/notes.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "features/notes/notes_test.h"
#include "features/noun/stored_text.h"

namespace synap::features::notes {
namespace {

TEST(NoteTitle, IsTheFirstLineThatHasWords) {
  EXPECT_EQ(title_of("Hello\nWorld"), "Hello");
  EXPECT_EQ(title_of("\n \t\n## Heading ##\ntext"), "Heading ##");
  EXPECT_EQ(title_of("  padded  \r\nnext"), "padded");
  EXPECT_EQ(title_of("###\n###\nreal"), "real");
  EXPECT_EQ(title_of("#tag first"), "tag first");
  EXPECT_EQ(title_of("- [ ] buy milk\n- [x] paint"), "buy milk");
  EXPECT_EQ(title_of("* item"), "item");
  EXPECT_EQ(title_of("12. twelfth"), "twelfth");
  EXPECT_EQ(title_of("> - quoted"), "quoted");
  EXPECT_EQ(title_of("---\n-\n- [ ]\nreal"), "real");
  EXPECT_EQ(title_of("# 1. One"), "1. One") << "a heading's words are as they are";
  EXPECT_EQ(title_of("-5 degrees, *very* cold"), "-5 degrees, *very* cold");
  EXPECT_EQ(title_of("2024.5 is no list"), "2024.5 is no list");
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

// An upload ends, and is gone then; what was answered under an idempotency key is not.
TEST_F(Notes, OfAnUploadAreAnsweredAsTheFirstTimeUnderTheSameKey) {
  const std::string text = "# Uploaded";
  const auto id = Uuid::v7();
  const auto key = text_key("ann", "note", id, std::nullopt, "md");
  ASSERT_TRUE(key);
  ASSERT_TRUE(sync_wait(executor, content->put(*key, text)));
  auto asked =
      Json::object({{"upload", Json::object({{"id", id.to_string()},
                                             {"size", static_cast<std::int64_t>(text.size())},
                                             {"checksum", to_hex(sha256(text))}})},
                    {"idempotencyKey", "k"}});
  const auto first = call("notes.createUploaded", asked);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->string_or("entityId", ""), id.to_string());
  wait_until_idle();
  ASSERT_TRUE(sync_wait(executor, content->remove(*key)));
  const auto again = call("notes.createUploaded", asked);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->dump(), first->dump());
  asked.set("title", "another");
  EXPECT_EQ(call("notes.createUploaded", asked).error().code, Code::kConflict);
  asked.set("idempotencyKey", "another");
  EXPECT_EQ(call("notes.createUploaded", asked).error().code, Code::kNotFound);
}

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
  EXPECT_EQ(versions[1].find("title")->as_string(), "second");
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

TEST_F(Notes, ATitleThatFollowsFromTheTextIsRenewedUntilOneIsGiven) {
  const auto id = make("# First\ntext");
  const auto title = [&] { return get(id).find("title")->as_string(); };
  ASSERT_TRUE(done("notes.update", input(id, {{"tags", Json::array().push_back("a")}})));
  EXPECT_EQ(title(), "First");
  ASSERT_TRUE(done("notes.update", input(id, {{"content", std::string(100'000, 'x')}})));
  EXPECT_EQ(title(), std::string(100, 'x'));
  ASSERT_TRUE(done("notes.update", input(id, {{"title", "Given"}})));
  ASSERT_TRUE(done("notes.update", input(id, {{"content", "# Third"}})));
  EXPECT_EQ(title(), "Given");
  // A version of the past comes back with what was known of its title.
  ASSERT_TRUE(done("notes.restore", input(id, {{"version", 1}})));
  ASSERT_TRUE(done("notes.update", input(id, {{"content", "# Fourth"}})));
  EXPECT_EQ(title(), "Fourth");
  ASSERT_TRUE(done("notes.restore", input(id, {{"version", 5}})));
  ASSERT_TRUE(done("notes.update", input(id, {{"content", "# Fifth"}})));
  EXPECT_EQ(title(), "Given");
}

TEST_F(Notes, ATitleThatIsTakenAwayFollowsFromTheTextAgain) {
  const auto id = make("# First\ntext", {{"title", "Given"}});
  const auto title = [&] { return get(id).find("title")->as_string(); };
  ASSERT_TRUE(done("notes.update", input(id, {{"title", nullptr}})));
  EXPECT_EQ(title(), "First");
  ASSERT_TRUE(done("notes.update", input(id, {{"content", "# Second"}})));
  EXPECT_EQ(title(), "Second");
  ASSERT_TRUE(done("notes.update", input(id, {{"title", "Given"}})));
  ASSERT_TRUE(done("notes.update", input(id, {{"content", "# Third"}, {"title", nullptr}})));
  EXPECT_EQ(title(), "Third");
  // Of a title that follows already, nothing else becomes.
  ASSERT_TRUE(done("notes.update", input(id, {{"title", nullptr}})));
  ASSERT_TRUE(done("notes.update", input(id, {{"content", "# Fourth"}})));
  EXPECT_EQ(title(), "Fourth");
  EXPECT_FALSE(call("notes.update", input(id, {{"title", ""}})));
  const auto verified = sync_wait(executor, projections->verify("notes"));
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_TRUE(verified->is_equal()) << verified->first_difference;
}

TEST_F(Notes, ATitleThatWasGivenStaysAlsoWhereItIsTheFirstLine) {
  const auto id = make("# Same", {{"title", "Same"}});
  ASSERT_TRUE(done("notes.update", input(id, {{"content", "# Other"}})));
  EXPECT_EQ(get(id).find("title")->as_string(), "Same");
}

TEST_F(Notes, WhichTitleFollowsIsDecidedInTheOrderOfTheUpdates) {
  content->is_held = true;
  const auto name =
      call("notes.create", Json::object({{"content", "one"}}))->find("entityId")->as_string();
  ASSERT_TRUE(call("notes.update", input(name, {{"content", "two"}})));
  ASSERT_TRUE(call("notes.update", input(name, {{"title", "Given"}})));
  ASSERT_TRUE(call("notes.update", input(name, {{"content", "three"}})));
  content->released.raise(1);
  wait_until_idle();
  EXPECT_EQ(call("notes.get", input(name, {{"version", 2}}))->find("title")->as_string(), "two");
  EXPECT_EQ(get(name).find("title")->as_string(), "Given");
}

TEST_F(Notes, PropertiesAreKeptReplacedAndBounded) {
  const auto properties = *parse_json(R"({"created":"2024-05-01","up":{"n":[1,null,true]}})");
  const auto id = make("text", {{"properties", properties}});
  const auto now = [&] { return *get(id).find("properties"); };
  EXPECT_EQ(now(), properties);
  ASSERT_TRUE(done("notes.update", input(id, {{"content", "other"}})));
  EXPECT_EQ(now(), properties);
  ASSERT_TRUE(done("notes.update", input(id, {{"properties", Json::object({{"a", 1}})}})));
  EXPECT_EQ(now(), Json::object({{"a", 1}}));
  ASSERT_TRUE(done("notes.update", input(id, {{"properties", Json::object()}})));
  EXPECT_EQ(now(), Json::object());
  ASSERT_TRUE(done("notes.restore", input(id, {{"version", 1}})));
  EXPECT_EQ(now(), properties);
  const auto history = *call("notes.history", input(id));
  EXPECT_EQ(*history.find("versions")->as_array()[2].find("properties"), Json::object({{"a", 1}}));
  // Lists leave them out where they are large.
  const auto listed = [&] {
    const auto list = *call("notes.list", Json::object());
    const Json* found = list.find("notes")->as_array().front().find("properties");
    return found != nullptr ? *found : Json("absent");
  };
  EXPECT_EQ(listed(), properties);
  const auto large = Json::object({{"a", std::string(2'100, 'x')}});
  ASSERT_TRUE(done("notes.update", input(id, {{"properties", large}})));
  EXPECT_EQ(listed(), Json("absent"));

  const auto refused = [&](Json value) {
    const auto answer =
        call("notes.create", Json::object({{"content", "x"}, {"properties", std::move(value)}}));
    return answer ? "" : answer.error().message;
  };
  EXPECT_EQ(refused(Json::object({{"a", std::string(kPropertiesBytesMax - 8, 'x')}})), "");
  EXPECT_EQ(refused(Json::object({{"a", std::string(kPropertiesBytesMax, 'x')}})),
            "properties: 65544 bytes of JSON, at most 65536");
  Json deep = 1;
  for (int i = 1; i < kPropertiesDepthMax; ++i) deep = Json::object({{"a", std::move(deep)}});
  EXPECT_EQ(refused(Json::object({{"a", deep}})), "");
  EXPECT_EQ(refused(Json::object({{"a", Json::object({{"a", deep}})}})),
            "properties: more than 32 values inside each other");
  EXPECT_NE(refused(Json::array()), "");
}

TEST_F(Notes, AnImportSaysWhenANoteWasMadeAndChanged) {
  using Times = std::pair<std::string, std::string>;
  const auto times = [&](const std::string& id) {
    const auto note = get(id);
    return Times(note.find("createdAt")->as_string(), note.find("updatedAt")->as_string());
  };
  const auto old = "2001-02-03T04:05:06.000Z";
  const auto later = "2002-02-03T04:05:06.000Z";
  const auto both = make("one", {{"createdAt", old}, {"updatedAt", later}});
  EXPECT_EQ(times(both), Times(old, later));
  ASSERT_TRUE(done("notes.update", input(both, {{"title", "x"}, {"updatedAt", later}})));
  EXPECT_EQ(times(both), Times(old, later));
  ASSERT_TRUE(done("notes.update", input(both, {{"title", "y"}})));
  EXPECT_EQ(times(both).first, old);
  EXPECT_GT(times(both).second, later);
  // What was changed was made before that.
  EXPECT_EQ(times(make("two", {{"updatedAt", old}})), Times(old, old));
  EXPECT_EQ(times(make("three", {{"createdAt", old}})).first, old);

  const auto refused = [&](const char* created, const char* updated) {
    Json asked = Json::object({{"content", "x"}, {"createdAt", created}, {"updatedAt", updated}});
    const auto answer = call("notes.create", std::move(asked));
    return answer ? "" : answer.error().message;
  };
  EXPECT_EQ(refused(later, old), "updatedAt: it is before createdAt");
  EXPECT_EQ(refused("2999-01-01T00:00:00Z", later), "createdAt: it is yet to come");
  EXPECT_NE(refused("yesterday", later), "");
}

TEST_F(Notes, TheOrderOfCreationIsThatOfWhenTheyWereMadeElsewhere) {
  make("now");
  make("of 2003", {{"createdAt", "2003-01-01T00:00:00Z"}, {"tags", Json::array().push_back("a")}});
  make("of 2001", {{"createdAt", "2001-01-01T00:00:00Z"}, {"tags", Json::array().push_back("a")}});
  make("of 2002", {{"updatedAt", "2002-01-01T00:00:00Z"}});
  for (const char* year : {"1912", "1950", "1930", "1969", "1901"}) {
    make(fmt::format("of {}", year), {{"createdAt", fmt::format("{}-01-01T00:00:00Z", year)}});
  }
  make("of 2001 again", {{"createdAt", "2001-01-01T00:00:00Z"}});
  make("of tomorrow", {{"createdAt", to_iso8601(unix_ms_now() + 3'600'000)}});
  make("later");
  const auto titles = [&](Json asked) {
    std::string all;
    for (;;) {
      const auto page = *call("notes.list", asked);
      for (const auto& note : page.find("notes")->as_array()) {
        all += std::string(note.string_or("title", "")) + ", ";
      }
      if (page.find("nextCursor") == nullptr) return all;
      asked.set("cursor", *page.find("nextCursor"));
    }
  };
  EXPECT_EQ(
      titles(Json::object({{"limit", 2}})),
      "later, of tomorrow, now, of 2003, of 2002, of 2001 again, of 2001, of 1969, of 1950, of "
      "1930, of 1912, of 1901, ");
  EXPECT_EQ(
      titles(Json::object({{"limit", 4}, {"sort", "createdAt"}})),
      "of 1901, of 1912, of 1930, of 1950, of 1969, of 2001, of 2001 again, of 2002, of 2003, "
      "now, of tomorrow, later, ");
  EXPECT_EQ(titles(Json::object({{"tag", "a"}})), "of 2003, of 2001, ");
}

TEST_F(Notes, ARepeatOfAnotherImportIsToldByTheMetadataOfTheEvents) {
  const auto asked = [](const char* batch) {
    return Json::object({{"content", "x"}, {"batch", batch}, {"idempotencyKey", "k"}});
  };
  const auto first = *done("notes.create", asked("one"));
  EXPECT_EQ(done("notes.create", asked("two"))->dump(), first.dump());
  const auto request =
      *call("requests.get", Json::object({{"requestId", *first.find("requestId")}}));
  for (const auto& event : request.find("events")->as_array()) {
    EXPECT_EQ(event.find("metadata")->dump(), R"({"batch":"one"})");
  }
}

TEST_F(Notes, AreFoundByTheFileThatTheyWereImportedFrom) {
  const auto sum = [](char c) { return std::string(64, c); };
  const auto origin = [&](std::string path, char c) {
    return Json::object({{"path", std::move(path)}, {"checksum", sum(c)}});
  };
  const auto find = [&](Json asked, std::string user = "ann") {
    return call("notes.findOrigins", std::move(asked), std::move(user))->find("notes")->as_array();
  };
  const auto by_path = Json::object({{"paths", Json::array().push_back("/v/a.md")}});
  const auto id = make("one", {{"origin", origin("/v/a.md", 'a')}});
  EXPECT_TRUE(find(by_path, "bob").empty());
  ASSERT_EQ(find(by_path).size(), 1u);
  EXPECT_EQ(find(by_path)[0].find("id")->as_string(), id);
  // Renamed and changed: both of its paths are known, and what it was imported from last.
  ASSERT_TRUE(done("notes.update", input(id, {{"origin", origin("/v/b.md", 'b')}})));
  const auto found = find(by_path);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].find("checksum")->as_string(), sum('a'));
  EXPECT_EQ(found[0].find("presentChecksum")->as_string(), sum('b'));
  EXPECT_EQ(found[0].find("version")->as_integer(), 2);
  EXPECT_EQ(find(Json::object({{"checksums", Json::array().push_back(sum('b'))}})).size(), 1u);
  // A restore is a change of the note, not of what was imported.
  ASSERT_TRUE(done("notes.restore", input(id, {{"version", 1}})));
  EXPECT_EQ(find(by_path)[0].find("presentChecksum")->as_string(), sum('b'));
  ASSERT_TRUE(done("notes.delete", input(id)));
  const auto deleted = find(Json::object({{"ids", Json::array().push_back(id)}}));
  ASSERT_EQ(deleted.size(), 2u);
  EXPECT_EQ(deleted[0].find("version"), nullptr);
  wait_for_followers();
  const auto verified = sync_wait(executor, projections->verify("note_origins"));
  ASSERT_TRUE(verified);
  EXPECT_TRUE(verified->is_equal());
}

TEST_F(Notes, AreFoundByTheirFileWithAWordIfTheirTextIsGone) {
  const auto path = Json::object({{"path", "/v/a.md"}, {"checksum", std::string(64, 'a')}});
  const auto id = make("one", {{"origin", path}});
  const auto is_missing = [&] {
    const auto asked = Json::object(
        {{"paths", Json::array().push_back("/v/a.md")}, {"ids", Json::array().push_back(id)}});
    const auto notes = call("notes.findOrigins", asked)->find("notes")->as_array();
    EXPECT_EQ(notes.size(), 2u);
    EXPECT_EQ(notes[0].dump(), notes[1].dump());
    return notes[0].find("isTextMissing") != nullptr;
  };
  EXPECT_FALSE(is_missing());
  const auto key = content::ContentKey::parse(get(id).find("filePath")->as_string()).value();
  ASSERT_TRUE(sync_wait(executor, content->put(key, std::string("on"))));
  EXPECT_TRUE(is_missing());
  ASSERT_TRUE(sync_wait(executor, content->remove(key)));
  EXPECT_TRUE(is_missing());
  // Where there is no text any more nothing is missing.
  ASSERT_TRUE(done("notes.delete", input(id)));
  EXPECT_FALSE(is_missing());
}

// Where the database is at a distance, whoever asks it for something keeps everybody waiting who is
// in the same commit.
TEST_F(Notes, CreationsAskTheDatabaseForNothingWithinACommit) {
  done("notes.create", Json::object({{"content", "the first looks at how things are"}}));
  const auto before = database->statistics();
  constexpr int kNotes = 20;
  for (int i = 0; i < kNotes; ++i) {
    ASSERT_TRUE(call("notes.create", Json::object({{"content", "one"}, {"tags", Json::array()}})));
  }
  wait_until_idle();
  wait_for_followers();
  const auto after = database->statistics();
  const auto commits = after.commits - before.commits;
  EXPECT_GE(commits, kNotes);
  // One a commit; a claim takes some more, of jobs for which there was no room.
  EXPECT_LE(after.round_trips - before.round_trips, commits + 5) << commits;
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
