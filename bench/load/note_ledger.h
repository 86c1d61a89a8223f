#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "completion_watch.h"
#include "note_requests.h"

namespace synap::bench {

// Which notes were accepted and which were seen completed. A completion may come over the WebSocket
// before the HTTP answer that tells its request's id; it is kept until the answer comes.
class NoteLedger {
 public:
  explicit NoteLedger(std::size_t notes) : notes_(notes) {}

  void on_accepted(std::size_t note, const Acceptance& acceptance);
  void on_completed(const CompletionWatch::Completion& completion);

  std::size_t accepted() const { return accepted_; }
  // Notes that are accepted and completed.
  std::size_t completed() const { return completed_; }
  std::size_t missing() const { return accepted_ - completed_; }
  // Completions beyond the first of a note.
  std::size_t duplicates() const { return duplicates_; }
  // Completions of requests that this run never made.
  std::size_t foreign() const { return early_.size(); }
  Nanoseconds last_completed_at() const { return last_completed_at_; }
  // When the note was seen completed; 0 while it was not.
  Nanoseconds completed_at(std::size_t note) const { return notes_[note].completed_at; }

 private:
  struct Note {
    Nanoseconds completed_at = 0;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  template <typename Value>
  using ByKey = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

  void settle(std::size_t note, Nanoseconds at);

  std::vector<Note> notes_;
  ByKey<std::size_t> by_request_;
  ByKey<std::size_t> by_entity_;  // For servers whose completion does not carry the requestId.
  ByKey<Nanoseconds> early_;
  std::size_t accepted_ = 0;
  std::size_t completed_ = 0;
  std::size_t duplicates_ = 0;
  Nanoseconds last_completed_at_ = 0;
};

}  // namespace synap::bench
