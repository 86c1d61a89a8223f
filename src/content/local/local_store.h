// LocalStore: content as files of one directory.
//
//   ROOT/{userId}/{entityType}/{entityId}.{ext}     what is stored
//   ROOT/.tmp/                                      what is being written; emptied at the start
//
// A file appears under its name whole or not at all: it is written aside, synced, renamed, and the
// directory is synced. One sync a file would bound the store to a few hundred files a second, so
// one thread takes all puts that wait and syncs once for the group (syncfs(2), which on Linux 5.8
// and later reports write errors as fsync does). A put that comes alone costs its own two syncs.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "content/store.h"

namespace synap::content {

class LocalStore final : public ContentStore {
 public:
  /// Makes the directory if it is missing. kServiceUnavailable says why it cannot be used.
  static Result<std::unique_ptr<LocalStore>> open(const std::string& root);
  ~LocalStore() override;

  Task<Result<Stored>> put(ContentKey key, std::string bytes) override;
  Task<Result<std::string>> get(ContentKey key) override;
  Task<Result<>> remove(ContentKey key) override;

 private:
  struct Operation;
  struct Submit;

  LocalStore() = default;
  void submit(Operation* operation);
  void run_writer();
  void run_reader();
  void put_group(std::vector<Operation*>& group);
  void write_aside(Operation& operation);
  void sync_data(const std::vector<Operation*>& group, bool together);
  void sync_directories(const std::vector<Operation*>& group);
  void take_name(Operation& operation, bool may_replace);
  /// An open file to read, following no symbolic link; -1 with errno.
  int open_file(const ContentKey& key);
  void read_file(Operation& operation);
  void remove_file(Operation& operation);
  /// The open directory of a key's user and type, made if it is missing; -1 with errno.
  int directory_of(const ContentKey& key);

  int root_ = -1;
  int aside_ = -1;
  std::uint64_t next_aside_ = 0;                      // writer thread only
  std::unordered_map<std::string, int> directories_;  // writer thread only
  bool has_lost_directory_ = false;                   // writer thread only

  std::mutex mutex_;
  std::condition_variable wake_writer_;
  std::condition_variable wake_reader_;
  std::deque<Operation*> writes_;
  std::deque<Operation*> reads_;
  bool stopping_ = false;
  std::thread writer_;
  std::thread reader_;
};

}  // namespace synap::content
