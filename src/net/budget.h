// Budget: how many bytes of others a server holds at one time: of bodies and messages that are
// being received, and of those that are being carried out.
//
// Each byte is on somebody's account: that of a key, or the one that all strangers share. Whoever
// wants more than there is waits in line, in the order of asking; a full account holds up nobody
// but those on it. Any thread may use it.
#pragma once

#include <coroutine>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"

namespace synap::net {

class Budget {
  struct Account {
    std::size_t limit = 0;
    std::size_t used = 0;
    std::size_t users = 0;   // grants and waits
    bool is_passed = false;  // while the line is looked at: somebody of it could not be served
  };
  using Accounts = std::map<std::string, Account, std::less<>>;

 public:
  struct Limits {
    std::size_t all = 256 << 20;
    std::size_t account = 64 << 20;
    std::size_t strangers = 8 << 20;  // all those together whose name is not known
  };

  class Wait;

  /// Bytes that somebody may hold. Gives them back when it goes. Moved, never copied; one thread at
  /// a time.
  class Grant {
   public:
    Grant() = default;
    /// Of nothing yet. An empty name is that of strangers. The budget outlives its grants.
    Grant(Budget& budget, std::string_view account);
    Grant(Grant&& other) noexcept;
    Grant& operator=(Grant&& other) noexcept;
    ~Grant();

    std::size_t bytes() const { return bytes_; }
    /// Gives back what it has beyond `bytes`.
    void shrink(std::size_t bytes);
    /// Parts with so many of its bytes, or with all it has.
    Grant split(std::size_t bytes);
    /// Whether it is its own account, not the whole, that cannot have so many bytes more.
    bool is_account_full(std::size_t bytes) const;

   private:
    friend class Budget;
    Budget* budget_ = nullptr;
    Accounts::iterator account_;
    std::size_t bytes_ = 0;
  };

  explicit Budget(Limits limits) : limits_(limits) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  std::size_t used() const;

 private:
  bool fits(const Account& account, std::size_t bytes) const;
  void charge(Account& account, std::size_t bytes);
  void give_back(Accounts::iterator account, std::size_t bytes, bool is_leaving);
  std::vector<Wait*> serve_line();

  const Limits limits_;
  mutable std::mutex mutex_;
  std::size_t used_ = 0;
  Accounts accounts_;
  std::list<Wait*> line_;
};

/// Awaitable: until `grant` has so many bytes more (true), or cannot have them or was told not to
/// wait any longer (false). Resumed on the executor on which it waits.
class Budget::Wait {
 public:
  Wait(Grant& grant, std::size_t bytes) : grant_(grant), bytes_(bytes) {}
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;
  ~Wait();

  /// Ends the waiting, if there is any. Called on the executor that waits.
  void cancel();

  bool await_ready();
  bool await_suspend(std::coroutine_handle<> self);
  bool await_resume() {
    waiter_.resumed();
    return is_granted_;
  }

 private:
  friend class Budget;
  Grant& grant_;
  const std::size_t bytes_;
  Waiter waiter_;
  bool is_waiting_ = false;
  bool is_granted_ = false;
  std::list<Wait*>::iterator place_;
};

}  // namespace synap::net
