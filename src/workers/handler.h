// EventHandler: what a function does, written in C++. Outcome: what one attempt to do it came to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/task.h"
#include "events/event.h"

namespace synap::workers {

class Step;

class [[nodiscard]] Outcome {
 public:
  enum class Kind : std::uint8_t { kDone, kFailed };

  /// The run is complete. `output` is JSON text.
  static Outcome done(std::string output = "null");
  /// The attempt failed. It is tried again while there are attempts left, if the error's code is
  /// one that can go away (status.h), and not otherwise.
  static Outcome failed(Error error);
  /// It failed and trying again cannot help: the run is given up.
  static Outcome failed_for_good(Error error);
  /// It failed; the next attempt is to come after `delay_ms` rather than after the usual delay.
  static Outcome failed_retry_in(Error error, std::int64_t delay_ms);

  Kind kind() const { return kind_; }
  const std::string& output() const { return output_; }
  const Error& error() const { return error_; }
  bool may_retry() const { return may_retry_; }
  static constexpr std::int64_t kUsualDelay = -1;
  std::int64_t retry_delay_ms() const { return retry_delay_ms_; }

 private:
  Kind kind_ = Kind::kDone;
  std::string output_;
  Error error_;
  bool may_retry_ = false;
  std::int64_t retry_delay_ms_ = kUsualDelay;
};

/// Called for each run of its function, concurrently; once more after every interruption, with the
/// steps that are done giving their stored results. So between steps it must do nothing that has
/// an effect, and decide by nothing but the event and the results of steps.
class EventHandler {
 public:
  EventHandler() = default;
  EventHandler(const EventHandler&) = delete;
  EventHandler& operator=(const EventHandler&) = delete;
  virtual ~EventHandler() = default;

  /// The trigger: a type, or a wildcard (bus/function.h).
  virtual std::string_view event_type() const = 0;
  /// An exception that leaves it is a failed attempt (kInternalServerError), tried again as others.
  virtual Task<Outcome> handle(const events::Event& event, Step& step) = 0;
};

}  // namespace synap::workers
