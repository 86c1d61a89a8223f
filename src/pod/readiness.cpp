#include "pod/readiness.h"

#include <fmt/format.h>

namespace synap::pod {
namespace {

constexpr std::int64_t kMiB = 1024 * 1024;

std::unexpected<Error> not_ready(std::string why) {
  return fail(Code::kServiceUnavailable, std::move(why));
}

}  // namespace

std::vector<db::Database::Migration> Readiness::migrations() {
  return {{"pod.1", R"(
-- One row, written only to see whether that works.
CREATE TABLE readiness(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  looked_at INTEGER NOT NULL
) STRICT;
)"}};
}

// Who looks. If their caller goes away in the middle, the next one looks again.
class Readiness::Looking {
 public:
  explicit Looking(Readiness& readiness) : readiness_(readiness) {}
  Looking(const Looking&) = delete;
  Looking& operator=(const Looking&) = delete;
  ~Looking() {
    std::lock_guard lock(readiness_.mutex_);
    readiness_.is_looking_ = false;
  }
  void end(Result<> answer) {
    std::lock_guard lock(readiness_.mutex_);
    readiness_.answer_ = std::move(answer);
    readiness_.ended_ = readiness_.world_.now();
  }

 private:
  Readiness& readiness_;
};

// Nothing: the caller is to look.
std::optional<Result<>> Readiness::known(SteadyClock::time_point now) {
  std::lock_guard lock(mutex_);
  if (is_looking_) {
    const auto since = now - began_;
    if (since > options_.patience) {
      return not_ready(
          fmt::format("A write has been waiting for {} s",
                      std::chrono::duration_cast<std::chrono::seconds>(since).count()));
    }
    return answer_ ? *answer_ : not_ready("It is being looked at for the first time");
  }
  if (answer_ && now - ended_ < options_.fresh_for) return answer_;
  is_looking_ = true;
  began_ = now;
  return std::nullopt;
}

Task<Result<>> Readiness::check() {
  if (has_ended_) co_return not_ready("It is stopping");
  if (auto answer = known(world_.now())) co_return *answer ? not_refused() : std::move(*answer);
  Looking looking(*this);
  auto answer = co_await look();
  looking.end(answer);
  co_return answer;
}

Task<Result<>> Readiness::look() {
  if (auto held = directory_.is_held(); !held) co_return held;
  const auto free = directory_.free_bytes();
  if (!free) co_return fail(free.error());
  if (*free < options_.free_bytes_min) {
    co_return not_ready(fmt::format("The disk has {} MiB left; the pod is not ready below {} MiB",
                                    *free / kMiB, options_.free_bytes_min / kMiB));
  }
  auto written =
      co_await database_.write(db::Lane::kBackground, [this, now = world_.unix_ms()](db::Tx& tx) {
        if (options_.is_node) return;
        tx.run(
            "INSERT INTO readiness(id, looked_at) VALUES (1, $1) "
            "ON CONFLICT(id) DO UPDATE SET looked_at = excluded.looked_at",
            now);
      });
  if (!written) co_return written;
  if (auto refused = not_refused(); !refused) co_return refused;
  co_return co_await look_at_content();
}

// A row finds room where nothing else may: so others count, too.
Result<> Readiness::not_refused() const {
  const auto since = database_.statistics().since_refused;
  if (!since || *since >= options_.refusal_counts_for) return {};
  return not_ready(
      "The disk has just refused a write: it is full, or a quota or a limit on file sizes is "
      "reached");
}

// The reason is for anybody who asks; what an operator has to mend the doctor says.
Task<Result<>> Readiness::look_at_content() {
  if (options_.content == nullptr) co_return Result<>{};
  const auto now = world_.now();
  if (content_seen_ && now - *content_seen_ < options_.content_fresh_for) co_return Result<>{};
  content_seen_.reset();
  auto checked = co_await options_.content->check();
  if (!checked) co_return not_ready("Content cannot be stored now");
  content_seen_ = now;
  co_return Result<>{};
}

}  // namespace synap::pod
