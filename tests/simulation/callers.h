// Callers: those who use a simulated pod, each call a coroutine that tells the ledger what it asks
// for and what it was answered. What an answer says is compared with what is known at once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "simulation/ledger.h"
#include "simulation/machine.h"
#include "simulation/pod.h"
#include "simulation/trace.h"

namespace synap::simulation {

class Callers {
 public:
  /// All must outlive it; the pod, until drop().
  Callers(Machine& machine, Ledger& ledger, Trace& trace)
      : machine_(machine), ledger_(ledger), trace_(trace) {}
  ~Callers();

  /// From now on they call this pod.
  void use(Pod& pod);
  /// Begins a call of the world's choice.
  void call();
  std::int64_t begun() const { return begun_; }
  std::size_t waiting() const { return calls_.size(); }
  /// Lets go of those that have ended.
  void sweep();
  /// Destroys one that waits, as when a caller has gone away.
  void abandon_one();
  /// Destroys all, as when the process ends.
  void drop();
  /// Everything of everybody, compared with the ledger. Nobody else calls meanwhile.
  Task<void> check();
  /// The read models, compared with the log.
  Task<void> check_projections();

 private:
  struct Call {
    Task<void> task;
    bool has_ended = false;
  };

  std::uint64_t below(std::uint64_t bound) { return machine_.world.below(bound); }
  bool is_one_in(std::uint64_t many) { return below(many) == 0; }
  std::string any_user();
  std::string some_text();
  /// True while answers reach anybody: the power is there.
  bool is_alive() const { return machine_.disk.has_power(); }
  /// What the caller of a write knows when it begins.
  struct Before {
    std::int64_t failed_syncs = 0;
    std::int64_t end = 0;
  };
  Before before() const { return {machine_.sqlite.failed_syncs(), ledger_.end()}; }
  /// Whether the answer reaches anybody.
  template <class T>
  bool hears(std::string_view what, const Result<T>& answer);
  template <class T>
  bool hears_of_write(std::string_view what, const Result<T>& answer, const Before& before);
  /// It is known what has come of a call that was answered this error: nothing.
  bool is_refusal(const Error& error, const Before& before) const;
  const std::pair<const Uuid, KnownThing>* any_of(const std::map<Uuid, KnownThing>& known);

  Task<void> append_things();
  Task<void> append_again();
  void choose_key(events::Append& append, std::string& name);
  void check_key(const std::string& name, const Sha256& fingerprint,
                 const events::Appended& appended);
  Task<Result<events::Appended>> append(events::Append append);
  Task<void> create_note();
  Task<void> update_note();
  Task<void> read_log();
  Task<void> read_stream();
  Task<void> list(std::string noun);
  Task<void> create(std::string noun);
  Task<void> change(std::string noun);
  Task<void> get(std::string noun);
  Task<void> put_file();
  Task<void> get_file();
  Task<void> remove_file();
  Task<void> rebuild();
  Task<void> verify();
  Task<void> check_chain();
  Task<void> check_file(std::string path);
  Task<std::vector<events::EventRef>> whole_log();
  Task<Result<>> put_known(std::string path);

  std::map<Uuid, KnownThing>& known(const std::string& noun) {
    return noun == "task" ? ledger_.tasks : ledger_.projects;
  }

  Machine& machine_;
  Ledger& ledger_;
  Trace& trace_;
  Pod* pod_ = nullptr;
  std::int64_t failed_syncs_at_start_ = 0;
  std::int64_t begun_ = 0;
  std::vector<std::unique_ptr<Call>> calls_;
};

}  // namespace synap::simulation
