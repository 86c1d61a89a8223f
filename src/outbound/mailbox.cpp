#include "outbound/mailbox.h"

#include <limits>
#include <utility>

#include "base/check.h"

namespace synap::outbound {

std::uint64_t Mailbox::bytes_max() const {
  return delivery_ == Delivery::kPieces ? 2 * kWindowBytes
                                        : std::numeric_limits<std::uint64_t>::max();
}

void Mailbox::put_head(Head head) {
  std::lock_guard lock(mutex_);
  head_ = std::make_shared<const Head>(std::move(head));
  wake_if_mail();
}

bool Mailbox::put(std::string_view bytes) {
  std::lock_guard lock(mutex_);
  // One piece always fits, however large libcurl makes it: a transfer that waits for more room than
  // there is would wait for ever.
  is_full_ = delivery_ == Delivery::kPieces && !bytes_.empty() &&
             bytes_.size() + bytes.size() > kWindowBytes;
  if (is_full_) return false;
  bytes_ += bytes;
  wake_if_mail();
  return true;
}

void Mailbox::finish(Result<> outcome) {
  std::lock_guard lock(mutex_);
  if (outcome_) return;
  outcome_ = std::move(outcome);
  wake_if_mail();
}

Mailbox::Mail Mailbox::take() {
  std::lock_guard lock(mutex_);
  Mail mail{head_, std::exchange(bytes_, {}), false, std::exchange(is_full_, false), outcome_};
  mail.is_piece = !mail.bytes.empty() || (head_ != nullptr && !is_head_taken_);
  is_head_taken_ = head_ != nullptr;
  return mail;
}

bool Mailbox::has_mail() const {
  if (outcome_) return true;
  if (delivery_ == Delivery::kWhole) return false;
  return !bytes_.empty() || (head_ != nullptr && !is_head_taken_);
}

void Mailbox::wake_if_mail() {
  // Woken and forgotten in one step, under the lock that ~Arrival takes: so it is never woken twice
  // and never after it is gone.
  if (waiting_ != nullptr && has_mail()) std::exchange(waiting_, nullptr)->waiter_.wake();
}

Mailbox::Arrival::~Arrival() {
  if (!waiter_.is_suspended()) return;
  std::lock_guard lock(box_.mutex_);
  if (box_.waiting_ == this) box_.waiting_ = nullptr;
}

bool Mailbox::Arrival::await_suspend(std::coroutine_handle<> self) {
  std::lock_guard lock(box_.mutex_);
  if (box_.has_mail()) return false;
  SYNAP_CHECK(box_.waiting_ == nullptr, "one coroutine waits for an answer");
  waiter_.suspend(self);
  box_.waiting_ = this;
  return true;
}

}  // namespace synap::outbound
