#include "net/budget.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace synap::net {

Budget::Grant::Grant(Budget& budget, std::string_view account) : budget_(&budget) {
  std::lock_guard lock(budget.mutex_);
  account_ = budget.accounts_.find(account);
  if (account_ == budget.accounts_.end()) {
    const auto& limits = budget.limits_;
    const auto limit = account.empty() ? limits.strangers : limits.account;
    account_ = budget.accounts_.emplace(std::string(account), Account{.limit = limit}).first;
  }
  ++account_->second.users;
}

Budget::Grant::Grant(Grant&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)),
      account_(other.account_),
      bytes_(std::exchange(other.bytes_, 0)) {}

Budget::Grant& Budget::Grant::operator=(Grant&& other) noexcept {
  std::swap(budget_, other.budget_);
  std::swap(account_, other.account_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

Budget::Grant::~Grant() {
  if (budget_ != nullptr) budget_->give_back(account_, bytes_, true);
}

void Budget::Grant::shrink(std::size_t bytes) {
  if (bytes >= bytes_) return;
  budget_->give_back(account_, bytes_ - bytes, false);
  bytes_ = bytes;
}

Budget::Grant Budget::Grant::split(std::size_t bytes) {
  Grant part;
  if (budget_ == nullptr) return part;
  {
    std::lock_guard lock(budget_->mutex_);
    ++account_->second.users;
  }
  part.budget_ = budget_;
  part.account_ = account_;
  part.bytes_ = std::min(bytes, bytes_);
  bytes_ -= part.bytes_;
  return part;
}

bool Budget::Grant::is_account_full(std::size_t bytes) const {
  std::lock_guard lock(budget_->mutex_);
  return account_->second.used + bytes > account_->second.limit;
}

std::size_t Budget::used() const {
  std::lock_guard lock(mutex_);
  return used_;
}

bool Budget::fits(const Account& account, std::size_t bytes) const {
  return account.used + bytes <= account.limit && used_ + bytes <= limits_.all;
}

void Budget::charge(Account& account, std::size_t bytes) {
  account.used += bytes;
  used_ += bytes;
}

void Budget::give_back(Accounts::iterator account, std::size_t bytes, bool is_leaving) {
  std::lock_guard lock(mutex_);
  account->second.used -= bytes;
  used_ -= bytes;
  if (is_leaving && --account->second.users == 0) accounts_.erase(account);
  if (bytes == 0) return;
  // Under the lock: one that is destroyed meanwhile signs off under it.
  for (auto* wait : serve_line()) wait->waiter_.wake();
}

// Gives to those in line what there is. Where an account is full, those on it are passed over, all
// of them: they keep their order. Where the whole is full nobody is served, or one who wants much
// would never be.
std::vector<Budget::Wait*> Budget::serve_line() {
  std::vector<Wait*> served;
  for (auto at = line_.begin(); at != line_.end();) {
    Wait& wait = **at;
    auto& account = wait.grant_.account_->second;
    if (account.is_passed || account.used + wait.bytes_ > account.limit) {
      account.is_passed = true;
      ++at;
      continue;
    }
    if (!fits(account, wait.bytes_)) break;
    charge(account, wait.bytes_);
    wait.grant_.bytes_ += wait.bytes_;
    wait.is_granted_ = true;
    wait.is_waiting_ = false;
    at = line_.erase(at);
    served.push_back(&wait);
  }
  for (auto* wait : line_) wait->grant_.account_->second.is_passed = false;
  return served;
}

bool Budget::Wait::await_ready() {
  Budget& budget = *grant_.budget_;
  std::lock_guard lock(budget.mutex_);
  auto& account = grant_.account_->second;
  if (bytes_ > account.limit || bytes_ > budget.limits_.all) return true;
  if (!budget.line_.empty() || !budget.fits(account, bytes_)) return false;
  budget.charge(account, bytes_);
  grant_.bytes_ += bytes_;
  is_granted_ = true;
  return true;
}

bool Budget::Wait::await_suspend(std::coroutine_handle<> self) {
  Budget& budget = *grant_.budget_;
  waiter_.suspend(self);
  std::lock_guard lock(budget.mutex_);
  is_waiting_ = true;
  place_ = budget.line_.insert(budget.line_.end(), this);
  // It may be that all who are before it wait for something else.
  const auto served = budget.serve_line();
  SYNAP_CHECK(served.size() <= 1 && (served.empty() || served.front() == this));
  return served.empty();
}

void Budget::Wait::cancel() {
  std::lock_guard lock(grant_.budget_->mutex_);
  if (!std::exchange(is_waiting_, false)) return;
  grant_.budget_->line_.erase(place_);
  waiter_.wake();
}

// Destroyed before it was resumed: it leaves the line, or gives up what it was just given, which is
// its grant's to give back.
Budget::Wait::~Wait() {
  if (!waiter_.is_suspended()) return;
  std::lock_guard lock(grant_.budget_->mutex_);
  if (std::exchange(is_waiting_, false)) grant_.budget_->line_.erase(place_);
}

}  // namespace synap::net
