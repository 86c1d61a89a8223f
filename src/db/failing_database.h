// FailingDatabase: a database that works or fails as a test says. Included by tests only.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "db/database.h"

namespace synap::db::contract {

/// Hands everything on to another database, which must outlive it, but for what a test has it
/// refuse. As thread-safe as `refusal` is.
class FailingDatabase final : public Database {
 public:
  explicit FailingDatabase(Database& working) : working_(working) {}

  /// Asked for each read and write that begins: the error that it answers, if it is to fail.
  std::function<std::optional<Error>(bool is_read)> refusal;

  static Error full() {
    return {Code::kServiceUnavailable, "The disk is full: nothing can be written", nullptr,
            Fault::kFull};
  }
  static Error gone() {
    return {Code::kServiceUnavailable, "The database cannot be reached now", nullptr, Fault::kGone};
  }

 protected:
  void submit(Operation* operation) override {
    auto refused = refusal ? refusal(operation->queue == Queue::kRead) : std::nullopt;
    if (!refused) return (working_.*Engine::kSubmit)(operation);
    operation->error = std::move(refused);
    operation->waiter.wake();
  }
  void withdraw(Operation* operation) override { (working_.*Engine::kWithdraw)(operation); }
  Result<> run_migrations(const std::vector<Migration>& migrations,
                          const std::vector<Retired>& retired) override {
    return working_.migrate(migrations, retired);
  }

 private:
  // Only the base may call what an engine implements; a class that inherits it may name it.
  struct Engine : Database {
    static constexpr auto kSubmit = &Engine::submit;
    static constexpr auto kWithdraw = &Engine::withdraw;
  };

  Database& working_;
};

}  // namespace synap::db::contract
