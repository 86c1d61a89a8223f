#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "pod/pod_on_postgres.h"

namespace synap::pod {
namespace {

using testing::HasSubstr;

TEST_F(PodOnPostgres, GoesOnWhereItWas) {
  start();
  make_note();
  EXPECT_FALSE(std::filesystem::exists(options().data + "/synap.db"));
  pod.reset();
  start();
  EXPECT_EQ(pod->new_owner_key(), "");
  EXPECT_EQ(notes(), 1);
}

TEST_F(PodOnPostgres, IsAloneOnItsDatabase) {
  start();
  const auto error = refusal(options("other"));
  EXPECT_EQ(error.code, Code::kServiceUnavailable);
  EXPECT_THAT(error.message, HasSubstr("Another pod has the database"));
  make_note();
}

TEST_F(PodOnPostgres, WantsTheDataDirectoryThatItsTextsAreIn) {
  start();
  make_note();
  pod.reset();
  auto elsewhere = options("elsewhere");
  auto error = refusal(elsewhere);
  EXPECT_EQ(error.code, Code::kPreconditionFailed);
  EXPECT_THAT(error.message, HasSubstr("in another data directory"));
  std::ofstream(elsewhere.data + "/owner.key") << "of somebody";
  EXPECT_THAT(refusal(elsewhere).message, HasSubstr("no pod.id"));
  std::ofstream(elsewhere.data + "/pod.id") << "of another\n";
  EXPECT_THAT(refusal(elsewhere).message, HasSubstr("of another pod than the database"));
  start();
  EXPECT_EQ(notes(), 1);
}

TEST_F(PodOnPostgres, IsNotMixedUpWithOneWhoseDatabaseIsInItsDirectory) {
  auto embedded = options("embedded");
  embedded.database.clear();
  pod = std::move(*Pod::start(embedded));
  pod.reset();
  embedded.database = place.url();
  EXPECT_THAT(refusal(embedded).message, HasSubstr("a database of its own"));
  start();
  pod.reset();
  auto without = options();
  without.database.clear();
  EXPECT_THAT(refusal(without).message, HasSubstr("whose database is on a server"));
  EXPECT_FALSE(std::filesystem::exists(without.data + "/synap.db"));
}

TEST_F(PodOnPostgres, TakesAnOwnerBack) {
  start();
  make_note();
  pod.reset();
  const auto reset =
      Pod::reset_owner({.data = options().data, .database = place.url(), .revokes_others = true});
  ASSERT_TRUE(reset) << reset.error().message;
  EXPECT_EQ(reset->revoked, 1);
  start();
  EXPECT_EQ(call("GET", "/trpc/notes.list").find("total"), nullptr) << "the key of before";
  key = test::read_file(reset->path);
  while (key.ends_with('\n')) key.pop_back();
  EXPECT_EQ(notes(), 1);
}

TEST_F(PodOnPostgres, SaysThatItsServerIsAway) {
  auto nowhere = options();
  nowhere.database = "postgres://synap@127.0.0.1:1/nothing";
  const auto error = refusal(nowhere);
  EXPECT_EQ(error.code, Code::kServiceUnavailable);
  EXPECT_THAT(error.message, HasSubstr("database cannot be reached"));
}

}  // namespace
}  // namespace synap::pod
