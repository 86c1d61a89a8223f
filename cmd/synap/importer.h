// Importer: makes a note of every file of a Markdown tree, once, however often it is tried.
//
// Every note is sent under an idempotency key that follows from the file's relative path and the
// hash of its bytes. So a second import of the same tree makes nothing new, an import that broke
// off is just begun again, and a pod that goes away in between is waited for: what was sent and not
// answered is sent again. A file that has changed since is another note; the one it was stays.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "synap/markdown_tree.h"
#include "synap/pod_client.h"

namespace synap::cli {

struct ImportOptions {
  ClientOptions client;
  std::vector<std::string> tags;  // for every note, besides its own
  int concurrency = 8;
  /// How long nothing may go forward before the import gives up.
  std::chrono::seconds patience{60};
};

struct ImportedFile {
  enum class Fate { kWaiting, kImported, kAlreadyThere, kSkipped, kFailed };
  std::string path;  // relative, as displayed
  Fate fate = Fate::kWaiting;
  std::string reason;  // why it is skipped or failed
  std::string title;
  std::string note_id;
  std::vector<std::string> remarks;
};

class Importer {
 public:
  /// `on_progress` is told how many files are done, by the calling thread.
  Importer(ImportOptions options, const MarkdownTree& tree,
           std::function<void(std::size_t)> on_progress)
      : options_(std::move(options)), tree_(tree), on_progress_(std::move(on_progress)) {}

  /// The fate of every file, in the order of the tree. An error is one that concerns all of them:
  /// no pod answers, or the key is refused.
  Result<std::vector<ImportedFile>> run();

  /// The same without a pod: files that would be sent are kWaiting.
  std::vector<ImportedFile> rehearse();

 private:
  using Clock = std::chrono::steady_clock;
  struct Sent {
    std::size_t file;
    std::string request_id;
  };

  std::optional<std::pair<Json, std::string>> prepare(ImportedFile& file,
                                                      const std::string& relative_path) const;
  void send_files();
  void send_file(PodClient& pod, std::size_t index);
  Result<Json> send_patiently(PodClient& pod, const Json& input, const std::string& key);
  Result<> settle_all();
  Result<std::size_t> settle(PodClient& pod, std::vector<Sent>& open, std::size_t count);
  void went_forward();
  bool is_out_of_patience() const;

  ImportOptions options_;
  const MarkdownTree& tree_;
  std::function<void(std::size_t)> on_progress_;
  std::int64_t log_end_before_ = 0;
  std::vector<ImportedFile> files_;
  std::atomic<std::size_t> next_file_ = 0;
  std::atomic<Clock::rep> last_forward_ = 0;
  std::mutex mutex_;  // of the rest
  std::condition_variable changed_;
  std::deque<Sent> sent_;
  std::size_t senders_ = 0;
  std::size_t done_ = 0;
  std::optional<Error> given_up_;  // why nothing more is sent
};

}  // namespace synap::cli
