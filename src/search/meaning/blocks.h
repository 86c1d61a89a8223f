// Blocks: the vectors of users that are in memory. A user's are read from the index at his first
// search by meaning, follow what is written, and go when others need the room: those first that
// were looked for least recently.
//
// Of a file, which this program alone writes, they are told what was. Of an index that nodes share
// each search asks for the user's revision, and reads what has changed since the last one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/timer.h"
#include "search/meaning/block_source.h"

namespace synap::search {

/// Any thread.
class Blocks {
 public:
  Blocks(std::size_t dimension, std::size_t bytes_max)
      : dimension_(dimension), bytes_max_(bytes_max) {}

  /// That of a user, read from the index as far as it is not here. Whoever asks first reads for all
  /// who ask meanwhile, and must not be destroyed before it ends. kPayloadTooLarge: it is larger
  /// than the limit. Errors of the index.
  Task<Result<std::shared_ptr<const UserBlock>>> get(BlockSource& source, std::string user_id);
  /// After the commit of what it tells; of a source that is not shared.
  void apply(const std::string& user_id, const std::vector<Effect>& effects);

  std::size_t bytes() const;
  std::size_t bytes_max() const { return bytes_max_; }
  std::size_t count() const;

 private:
  /// What is here of a user, and up to where.
  struct Held {
    std::shared_ptr<UserBlock> block;
    BlockOwner owner;  // its revision is that up to which it is here
  };
  struct Entry {
    Held held;
    // One reads at a time. Who asks while one does wants what was there when he asked, which the
    // next will have read for him and all who wait.
    bool is_reading = false;
    std::int64_t begun = 0;       // how often it was
    Watermark done;               // how often it was, or has failed
    std::optional<Error> error;   // then it is no entry any more
    std::vector<Effect> pending;  // told while it is loaded
    std::uint64_t used = 0;

    bool is_loaded() const { return done.value() > 0; }
  };
  Result<std::shared_ptr<Entry>> entry_of(const std::string& user_id);
  Task<Result<>> read(BlockSource& source, const std::string& user_id, Held& held) const;
  Task<Result<>> read_pages(BlockSource& source, Held& held, const BlockOwner& owner) const;
  void finish(const std::string& user_id, const std::shared_ptr<Entry>& entry, Held held,
              const Result<>& result);
  void evict(const Entry* kept);
  std::size_t bytes_locked() const;

  const std::size_t dimension_;
  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>, std::less<>> entries_;
  std::uint64_t uses_ = 0;
};

}  // namespace synap::search
