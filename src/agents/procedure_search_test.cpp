#include "agents/procedure_search.h"

#include <gmock/gmock.h>

#include <deque>

namespace synap::agents {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ProcedureSearch : public testing::Test {
 protected:
  void add(std::string path, std::string summary, std::string docs = "") {
    kept_.push_back({.path = std::move(path),
                     .input = any(),
                     .output = any(),
                     .meta = {.summary = std::move(summary), .docs = std::move(docs)}});
    all_.push_back(&kept_.back());
  }
  std::vector<std::string> found(std::string_view query) const {
    std::vector<std::string> paths;
    for (const auto* one : best_fitting(all_, query)) paths.push_back(one->path);
    return paths;
  }

 private:
  std::deque<rpc::Procedure> kept_;
  std::vector<const rpc::Procedure*> all_;
};

TEST_F(ProcedureSearch, TellsTheBestFirst) {
  add("notes.create", "Make a note.");
  add("tags.colour", "Give a tag a colour.");
  add("tags.rename", "Rename a tag on all your notes.", "Or merge it into another one.");
  EXPECT_THAT(found("How do I RENAME tags?"), ElementsAre("tags.rename", "tags.colour"));
  EXPECT_THAT(found("merge"), ElementsAre("tags.rename"));
  EXPECT_THAT(found("notes"), ElementsAre("notes.create", "tags.rename"));
  EXPECT_THAT(found("tags.colour"), ElementsAre("tags.colour", "tags.rename"));
  EXPECT_THAT(found("a b 7 é"), ElementsAre("notes.create", "tags.colour", "tags.rename"))
      << "no word of it says anything";
  EXPECT_THAT(found("bicycle"), IsEmpty());
}

}  // namespace
}  // namespace synap::agents
