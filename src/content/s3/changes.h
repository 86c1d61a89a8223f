// Changes: what a store is asked to change at a server, each a coroutine of the store's own. Those
// under one name go one after another in the order in which they were asked for; no more than some
// are under way.
//
// A change that has begun goes to its end, also where nobody waits for it any more: cut off, nobody
// could say whether it was done, and it might still be while the next one of its name is. One that
// nobody waits for before it begins is dropped.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/task.h"
#include "base/world.h"

namespace synap::content {

class Changes {
 public:
  /// `world` must outlive it.
  Changes(World& world, int most) : most_(most), executor_(world.make_executor("content s3")) {}
  /// All have ended: see wait().
  ~Changes() = default;
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;

  /// What `make()` comes to, which is called and awaited on the store's own executor. It owns all
  /// that it needs.
  template <class T>
  Task<T> carry_out(std::string name, std::function<Task<T>()> make) {
    auto change = std::make_shared<ChangeOf<T>>(std::move(name), std::move(make));
    co_await Done(*this, change);
    co_return std::move(*change->result);
  }
  /// One that nobody waits for, and that is done all the same.
  void carry_out_unseen(std::string name, std::function<Task<bool>()> make);

  /// Blocks until all have ended, or for `most`. Not on the executor. True: they have.
  bool wait(std::chrono::milliseconds most);

 private:
  class Done;
  struct Change {
    explicit Change(std::string of_name) : name(std::move(of_name)) {}
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;
    virtual ~Change() = default;
    virtual Task<void> run() = 0;
    const std::string name;
    // Under mutex_:
    Done* waiting = nullptr;
    bool is_wanted = true;
  };
  template <class T>
  struct ChangeOf final : Change {
    ChangeOf(std::string of_name, std::function<Task<T>()> of_make)
        : Change(std::move(of_name)), make(std::move(of_make)) {}
    // What it owned goes before its coroutine goes on: whoever is told that a put has failed finds
    // nothing of it.
    Task<void> run() override {
      result.emplace(co_await make());
      make = nullptr;
    }
    std::function<Task<T>()> make;
    std::optional<T> result;
  };

  /// Awaitable: hands a change over, and resumes when it has ended.
  class Done {
   public:
    Done(Changes& changes, std::shared_ptr<Change> change)
        : changes_(changes), change_(std::move(change)) {}
    Done(const Done&) = delete;
    Done& operator=(const Done&) = delete;
    ~Done() {
      if (waiter_.is_suspended()) changes_.forget(*change_);
    }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> self) {
      waiter_.suspend(self);
      changes_.add(change_, this);
    }
    void await_resume() noexcept { waiter_.resumed(); }

   private:
    friend class Changes;
    Changes& changes_;
    std::shared_ptr<Change> change_;
    Waiter waiter_;
  };

  void add(std::shared_ptr<Change> change, Done* waiting);
  void forget(Change& change);
  Task<void> drive(std::shared_ptr<Change> change);
  void end_locked(const Change& change);
  void begin_locked();

  const int most_;
  std::mutex mutex_;
  std::condition_variable ended_;
  // Of each name what is to be done, the first of which is under way or in ready_.
  std::unordered_map<std::string, std::deque<std::shared_ptr<Change>>> lines_;
  std::deque<std::shared_ptr<Change>> ready_;
  int running_ = 0;
  std::unique_ptr<Executor> executor_;
};

}  // namespace synap::content
