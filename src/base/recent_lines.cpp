#include "base/recent_lines.h"

#include <algorithm>
#include <utility>

namespace synap {
namespace {

std::size_t bytes_of(const LoggedLine& line) {
  return sizeof line + line.room.size() + line.message.size() + line.fields.size();
}

}  // namespace

void RecentLines::add(LoggedLine line) {
  std::lock_guard lock(mutex_);
  line.number = ++last_;
  bytes_ += bytes_of(line);
  lines_.push_back(std::move(line));
  while (bytes_ > bytes_max_) {
    bytes_ -= bytes_of(lines_.front());
    lines_.pop_front();
  }
}

void RecentLines::announce() {
  std::int64_t last = 0;
  {
    std::lock_guard lock(mutex_);
    last = last_;
  }
  end_.raise(last);
}

RecentLines::Answer RecentLines::find(const Query& query) const {
  Answer answer;
  std::lock_guard lock(mutex_);
  answer.end = last_;
  const auto first = last_ - static_cast<std::int64_t>(lines_.size()) + 1;
  answer.forgotten = std::max<std::int64_t>(0, first - 1 - query.after);
  for (auto line = lines_.rbegin(); line != lines_.rend(); ++line) {
    if (line->number <= query.after || answer.lines.size() == query.count_max) break;
    if (line->level > query.level || line->unix_ms < query.since_unix_ms) continue;
    answer.lines.push_back(*line);
  }
  std::ranges::reverse(answer.lines);
  return answer;
}

}  // namespace synap
