// Blocks: the vectors of users that are in memory. A user's are read from the index at his first
// search by meaning, follow what is written, and go when others need the room: those first that
// were looked for least recently.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "base/timer.h"
#include "db/database.h"
#include "search/meaning/user_block.h"

namespace synap::search {

/// Any thread.
class Blocks {
 public:
  Blocks(std::size_t dimension, std::size_t bytes_max)
      : dimension_(dimension), bytes_max_(bytes_max) {}

  /// That of a user, read from the index where it is not here. Whoever asks first reads for all who
  /// ask meanwhile, and must not be destroyed before it ends. kPayloadTooLarge: it is larger than
  /// the limit. Errors of the index.
  Task<Result<std::shared_ptr<const UserBlock>>> get(db::Database& index, std::string user_id);
  /// After the commit of what it tells.
  void apply(const std::string& user_id, const std::vector<Effect>& effects);

  std::size_t bytes() const;
  std::size_t bytes_max() const { return bytes_max_; }
  std::size_t count() const;

 private:
  struct Entry {
    std::shared_ptr<UserBlock> block;
    Watermark is_ready;          // 1: it is loaded, or has failed
    std::optional<Error> error;  // then it is no block
    bool is_loading = true;
    std::vector<Effect> pending;  // told while it is loaded
    std::uint64_t used = 0;
  };
  Task<Result<>> load(db::Database& index, const std::string& user_id, UserBlock& block) const;
  void finish(const std::string& user_id, const std::shared_ptr<Entry>& entry,
              const Result<>& loaded);
  void evict(const Entry* kept);
  std::size_t bytes_locked() const;

  const std::size_t dimension_;
  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>, std::less<>> entries_;
  std::uint64_t uses_ = 0;
};

}  // namespace synap::search
