// Mailbox: where the thread of the transfers leaves what has come of one answer, and a coroutine
// takes it away. Private to the room. The two meet here and nowhere else.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/executor.h"
#include "base/status.h"
#include "outbound/http.h"

namespace synap::outbound {

/// As much of a stream is kept here until it is pulled, and as much again by libcurl at most.
inline constexpr std::size_t kWindowBytes = 64 * 1024;

/// Thread-safe. Belongs to a transfer.
class Mailbox {
 public:
  /// Whether an answer is taken piece by piece, or when it is all there.
  enum class Delivery : std::uint8_t { kWhole, kPieces };

  explicit Mailbox(Delivery delivery) : delivery_(delivery) {}

  /// As much of an answer it may hold, or all of it.
  std::uint64_t bytes_max() const;

  // The thread of the transfers:

  void put_head(Head head);
  /// False: it is full, and `bytes` are not taken; whoever empties it will say so.
  bool put(std::string_view bytes);
  void finish(Result<> outcome);

  // The coroutine:

  /// What is there: the whole answer and its outcome, or a piece, or nothing but the outcome.
  struct Mail {
    std::shared_ptr<const Head> head;  // null: nothing of the answer has come
    std::string bytes;
    bool is_piece = false;            // there is something to pass on
    bool was_full = false;            // the transfer waits to be told that there is room
    std::optional<Result<>> outcome;  // with the last one
  };
  Mail take();

  /// Awaitable: until there is something to take. One at a time.
  class Arrival {
   public:
    explicit Arrival(Mailbox& box) : box_(box) {}
    Arrival(const Arrival&) = delete;
    Arrival& operator=(const Arrival&) = delete;
    ~Arrival();
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> self);
    void await_resume() { waiter_.resumed(); }

   private:
    friend class Mailbox;
    Mailbox& box_;
    Waiter waiter_;
  };
  Arrival arrival() { return Arrival(*this); }

 private:
  bool has_mail() const;
  void wake_if_mail();

  const Delivery delivery_;
  std::mutex mutex_;  // of the rest
  std::shared_ptr<const Head> head_;
  bool is_head_taken_ = false;
  std::string bytes_;
  bool is_full_ = false;
  std::optional<Result<>> outcome_;
  Arrival* waiting_ = nullptr;
};

}  // namespace synap::outbound
