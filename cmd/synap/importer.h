// Importer: brings the files of a Markdown tree into a pod, and may be repeated.
//
// The pod is asked what it knows of the files (import_plan.h), so that a second import does what
// has changed since, and nothing where nothing has. Every command has an idempotency key that
// follows from what it does: so an import that broke off is just begun again, two at once make each
// note once, and a pod that goes away in between is waited for: what was sent and not answered is
// sent again. Work is linear in the files; a few of them are in memory at a time.
//
// Up to 32 commands go in one request. What became of them is read from the log, of all at once;
// those whose end is not there, since they were sent before or by another import, are asked about.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "synap/import_plan.h"
#include "synap/markdown_tree.h"
#include "synap/pod_client.h"

namespace synap::cli {

struct ImportOptions {
  ClientOptions client;
  std::vector<std::string> tags;  // for every note, besides its own
  bool brings_back = false;       // what was deleted
  int concurrency = 4;            // requests at once
  /// How long nothing may go forward before the import gives up.
  std::chrono::seconds patience{60};
  /// So long too for a pod that does not answer at the begin; otherwise that is an error at once.
  bool waits_for_begin = false;
};

struct ImportedFile {
  enum class Fate {
    kWaiting,
    kImported,
    kChanged,  // a new version of its note
    kRenamed,
    kAlreadyThere,
    kDeleted,  // its note was, and stays so
    kSkipped,
    kFailed
  };
  std::string path;  // relative, as displayed
  Fate fate = Fate::kWaiting;
  std::string reason;    // why it is skipped, deleted or failed
  bool is_lost = false;  // skipped, with something in it that is no note now
  std::string title;
  std::string note_id;
  std::vector<std::string> remarks = {};
};

/// Whatever is sent with this key is refused.
bool concerns_all(const Error& error);

class Importer {
 public:
  /// `on_progress` is told how many files are done, by the calling thread.
  Importer(ImportOptions options, const MarkdownTree& tree,
           std::function<void(std::size_t)> on_progress);

  /// The fate of every file, in the order of the tree. An error is one that concerns all of them:
  /// no pod answers, or the key is refused.
  Result<std::vector<ImportedFile>> run();

  /// What would become of every file. A pod that does not answer knows none of them: then
  /// `unasked` says why.
  Result<std::vector<ImportedFile>> rehearse(std::string& unasked);

 private:
  using Clock = std::chrono::steady_clock;
  struct Sent {
    std::size_t file = 0;
    std::string request_id;
    ImportedFile::Fate fate = ImportedFile::Fate::kImported;  // once it is done
    int attempt = 0;
  };

  // What is done for a file, as it is sent.
  struct Command {
    const SourceFile* file = nullptr;
    ImportPlan plan;
    int attempt = 0;
  };
  // What was sent and has not ended, as far as is known.
  struct Open {
    Sent sent;
    Clock::time_point ask_at;  // when it is asked about by itself
    std::chrono::milliseconds ask_delay;
  };
  using OpenRequests = std::unordered_multimap<std::string, Open>;  // by their ids

  std::vector<SourceFile> read_some();
  std::optional<SourceFile> read(std::size_t index);
  void send_files();
  void send(PodClient& pod, const std::vector<SourceFile>& files, int attempt);
  ImportedFile::Fate take_plan(const SourceFile& file, const ImportPlan& plan);
  void send_commands(PodClient& pod, std::span<const Command> commands);
  std::span<const Command> next_request(std::span<const Command> commands) const;
  bool send_together(PodClient& pod, std::span<const Command> commands);
  void send_command(PodClient& pod, const Command& command);
  void take_answer(PodClient& pod, const Command& command, const Result<Json>& answer);
  Json input_of(const Command& command) const;
  template <class Call>
  auto patiently(Call call) -> decltype(call());
  void wait_for_earlier(PodClient& pod);
  Result<> settle_all();
  void take_sent(OpenRequests& open);
  Result<> settle_by_log(PodClient& pod, OpenRequests& open);
  Result<> settle_by_request(PodClient& pod, OpenRequests& open);
  void settle_one(const Sent& sent, const Json& last);
  void end_with(std::size_t index, ImportedFile::Fate fate, std::string reason);
  void went_forward();
  bool is_out_of_patience() const;

  ImportOptions options_;
  const MarkdownTree& tree_;
  std::function<void(std::size_t)> on_progress_;
  std::string batch_;  // of the commands of this run
  std::int64_t log_end_before_ = 0;
  std::int64_t log_seen_ = 0;  // of the thread that settles, as are the next two
  // Ends of this import's commands that came before the answer which says the command's id.
  std::unordered_map<std::string, Json> ended_early_;
  // In one request: their inputs go into one URL, some 10 KB of the 64 that a head may have. A pod
  // can be set to allow fewer, and then refuses: half as many are tried.
  std::size_t questions_max_ = 50;
  std::atomic<std::size_t> commands_max_;  // in one request
  std::vector<ImportedFile> files_;
  NoteClaims claims_;
  std::atomic<std::size_t> next_file_ = 0;
  std::atomic<Clock::rep> last_forward_ = 0;
  std::mutex mutex_;  // of the rest
  std::condition_variable changed_;
  std::deque<Sent> sent_;
  std::vector<Sent> to_retry_;  // given up before this run; of the thread that settles
  std::size_t senders_ = 0;
  std::size_t done_ = 0;
  std::optional<Error> given_up_;  // why nothing more is sent
  std::string told_;               // why something is sent again: the last reason that was told
};

}  // namespace synap::cli
