#include "note_ledger.h"

#include <algorithm>

namespace synap::bench {

void NoteLedger::on_accepted(std::size_t note, const Acceptance& acceptance) {
  ++accepted_;
  by_request_.emplace(acceptance.request_id, note);
  by_entity_.emplace(acceptance.entity_id, note);
  for (const std::string_view key : {acceptance.request_id, acceptance.entity_id}) {
    const auto early = early_.find(key);
    if (early == early_.end()) continue;
    settle(note, early->second);
    early_.erase(early);
  }
}

void NoteLedger::on_completed(const CompletionWatch::Completion& completion) {
  const bool has_request = !completion.request_id.empty();
  const std::string_view key = has_request ? completion.request_id : completion.aggregate_id;
  const auto& by_key = has_request ? by_request_ : by_entity_;
  if (const auto found = by_key.find(key); found != by_key.end())
    settle(found->second, completion.at);
  else if (!early_.emplace(key, completion.at).second)
    ++duplicates_;
}

void NoteLedger::settle(std::size_t note, Nanoseconds at) {
  if (notes_[note].completed_at != 0) {
    ++duplicates_;
    return;
  }
  notes_[note].completed_at = at;
  last_completed_at_ = std::max(last_completed_at_, at);
  ++completed_;
}

}  // namespace synap::bench
