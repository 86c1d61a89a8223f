#include "pod/others_events.h"

#include <algorithm>

#include "base/log.h"

namespace synap::pod {
namespace {

constexpr std::chrono::milliseconds kRetry(500);
constexpr int kPageMax = 500;

}  // namespace

void OthersEvents::add(std::vector<std::string> types, Hear hear) {
  for (const auto& type : types) {
    if (std::ranges::find(types_, type) == types_.end()) types_.push_back(type);
  }
  hearers_.push_back({std::move(types), std::move(hear)});
}

Task<Result<>> OthersEvents::hand_in(const events::Event& event) {
  for (const auto& hearer : hearers_) {
    if (std::ranges::find(hearer.types, event.type) == hearer.types.end()) continue;
    // One that nobody can read any more was not read by the node that appended it either.
    if (event.is_damaged() || event.is_erased) continue;
    auto heard = co_await hearer.hear(event);
    if (heard) continue;
    if (heard.error().is_retriable()) co_return heard;
    write_log(LogLevel::kError, "pod", "the event {position} is not heard: {error}",
              {{"position", event.position}, {"error", heard.error().message}});
  }
  co_return Result<>{};
}

Task<void> OthersEvents::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    auto page = co_await log_.read(events::Tenancy::whole_pod(),
                                   {.after = position_, .limit = kPageMax, .types = types_});
    Result<> heard;
    if (!page) heard = fail(page.error());
    for (std::size_t i = 0; heard && i < page->events.size(); ++i) {
      const auto& event = *page->events[i];
      heard = co_await hand_in(event);
      if (heard) position_ = event.position;
    }
    if (!heard) {
      write_log_bounded(Same::kMessage, LogLevel::kWarn, "pod",
                        "what other nodes have appended is not known here yet: {error}",
                        {{"error", heard.error().message}});
      co_await world_.sleep_for(kRetry, stop);
      continue;
    }
    position_ = std::max(position_, page->next_after);
    if (page->is_at_end) co_await log_.end().wait_past(position_, stop);
  }
}

}  // namespace synap::pod
