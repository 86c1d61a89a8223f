#include "pod/shared_texts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "base/uuid.h"

namespace synap::pod {
namespace {

using Names = std::vector<std::string>;

constexpr std::chrono::milliseconds kAskEvery(200);
// Two looks of another, of one second each, and what they take on a busy machine.
constexpr std::chrono::milliseconds kAnswerMax(5'000);

// Of nobody's thing, so the sweep removes what a crash has left (content_sweep.h).
Result<content::ContentKey> new_mark(World& world) {
  return content::ContentKey::make(world.new_id().to_string(), "node", world.new_id().to_string(),
                                   "txt");
}

}  // namespace

SharedTexts::SharedTexts(Options options, Rooms rooms)
    : options_(std::move(options)), rooms_(rooms), answers_(rooms.executor) {}

// Not within the look: a file system that does not answer is not to keep a node from showing
// itself.
void SharedTexts::answer(const std::vector<db::postgres::Node>& nodes) {
  if (is_looking_.exchange(true)) return;
  std::vector<Mark> marks;
  for (const auto& node : nodes) {
    if (node.number > options_.node && !node.mark.empty())
      marks.push_back({node.number, node.mark});
  }
  if (marks.empty() && told_.empty()) {
    is_looking_ = false;
    return;
  }
  answers_.begin(look_for(std::move(marks)));
}

Task<void> SharedTexts::look_for(std::vector<Mark> marks) {
  std::vector<std::int64_t> seen;
  for (const auto& mark : marks) {
    auto key = content::ContentKey::parse(mark.path);
    if (!key) continue;
    // What fails now is looked for again behind the next look.
    if (co_await rooms_.content.size(*std::move(key))) seen.push_back(mark.node);
  }
  if (seen != told_) {
    const auto told = co_await rooms_.database.write(
        [&](db::Tx& tx) { db::postgres::set_marks_seen(tx, options_.node, seen); });
    if (told) told_ = std::move(seen);
  }
  is_looking_ = false;
}

Task<Result<Names>> SharedTexts::blind() {
  co_return co_await rooms_.database.read(
      [&](db::Tx& tx) { return db::postgres::read_nodes_that_see_not(tx, options_.node); });
}

Task<Result<>> SharedTexts::show(std::string mark) {
  co_return co_await rooms_.database.write(
      [&](db::Tx& tx) { db::postgres::set_node_mark(tx, options_.node, mark); });
}

Task<Result<Names>> SharedTexts::wait_for_others() {
  const auto until = rooms_.world.now() + options_.lease + kAnswerMax;
  for (;;) {
    auto names = co_await blind();
    if (!names || names->empty() || rooms_.world.now() >= until) co_return names;
    co_await rooms_.world.sleep_for(kAskEvery);
  }
}

Task<Result<>> SharedTexts::be_seen() {
  auto before = co_await blind();
  if (!before) co_return fail(before.error());
  if (before->empty()) co_return Result<>{};
  auto mark = new_mark(rooms_.world);
  if (!mark) co_return fail(mark.error());
  // The file first: whoever hears of it finds it at the first look, and no cache says otherwise.
  auto stored = co_await rooms_.content.put(*mark, "A node asks the others whether they see this.");
  if (!stored) co_return fail(stored.error());
  auto shown = co_await show(mark->path());
  Result<Names> names = Names{};
  if (shown) names = co_await wait_for_others();
  if (auto removed = co_await rooms_.content.remove(*mark); !removed) co_return removed;
  if (!shown) co_return shown;
  if (!names) co_return fail(names.error());
  if (names->empty()) co_return co_await show("");
  co_return fail(
      Code::kPreconditionFailed,
      fmt::format("What this node writes into {} is not seen by {}: it is a copy, or another "
                  "directory, and texts have to be where all nodes reach them. Share one, or keep "
                  "them in a bucket (content = \"s3\")",
                  options_.directory, fmt::join(*names, ", ")));
}

}  // namespace synap::pod
