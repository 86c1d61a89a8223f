// ContentStore: bytes that are too large or too plain for a database row: the text of notes,
// attachments. Kept outside of the database under names that people can read:
//
//   {userId}/{entityType}/{entityId}.{ext}               the first version of an entity
//   {userId}/{entityType}/{entityId}.{requestId}.{ext}   a later version, by the request that made
//   it
//
// A name is written once. The caller puts the bytes under their final name before anything that
// mentions the name is appended to the log, and nothing renames, links or moves them afterwards. So
// whoever has read a name gets the bytes that were meant, or none, and never has to ask which.
// A put over a name in use happens only where a crash came before the earlier put was answered:
// nobody was told of what is there, and it is kept if it is the same and replaced if it is not.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/stream.h"
#include "base/task.h"

namespace synap::content {

/// A name whose parts cannot climb: each is 1 to 128 of the characters A-Z a-z 0-9 _ -, and the
/// last three together, with their dots, are at most the 255 that a filesystem takes.
class ContentKey {
 public:
  /// The name of a first version. kBadRequest: a part is empty, too long, or has another character.
  static Result<ContentKey> make(std::string_view user_id, std::string_view entity_type,
                                 std::string_view entity_id, std::string_view extension);
  /// The name of a later version, the one that `request_id` has made.
  static Result<ContentKey> make_version(std::string_view user_id, std::string_view entity_type,
                                         std::string_view entity_id, std::string_view request_id,
                                         std::string_view extension);
  /// The inverse of path(), of both kinds.
  static Result<ContentKey> parse(std::string_view path);

  const std::string& user_id() const { return user_id_; }
  const std::string& entity_type() const { return entity_type_; }
  std::string_view entity_id() const;
  std::optional<std::string_view> request_id() const;  // nothing: a first version
  std::string_view extension() const;
  /// The last part of the path, with its dots.
  const std::string& file_name() const { return file_name_; }
  std::string path() const { return user_id_ + "/" + entity_type_ + "/" + file_name_; }

 private:
  ContentKey() = default;
  static Result<ContentKey> of_parts(std::string_view user_id, std::string_view entity_type,
                                     std::string file_name);
  std::string user_id_;
  std::string entity_type_;
  std::string file_name_;
};

/// What a put has stored.
struct Stored {
  std::string path;       // the key's
  std::int64_t size = 0;  // bytes
  std::string checksum;   // SHA-256, lower-case hexadecimal
};

/// Bytes that come piece by piece, of any sizes, and how they end: well, or with an error.
using Chunks = Stream<std::string, Result<>>;

/// A part of some content, in bytes; what reaches beyond its end is cut there.
struct Range {
  std::int64_t offset = 0;
  std::int64_t length = std::numeric_limits<std::int64_t>::max();
};

/// What it names of content of `size` bytes. kBadRequest: it begins behind the end, or has a
/// negative number.
Result<Range> cut(const Range& range, std::int64_t size);

/// What to list: a page of the paths that begin with `prefix` and come behind `after`.
struct Listing {
  std::string prefix = {};  // "", "ann/", "ann/note/", "ann/note/0192": any beginning of paths
  std::string after = {};   // Page::next of the page before; "" begins
  int limit = 1000;         // 1 to kListedMax
};

/// One piece of content, as a listing shows it.
struct Listed {
  std::string path;
  std::int64_t size = 0;         // bytes
  std::int64_t modified_at = 0;  // when it was stored; Unix time in milliseconds
};

/// Some of what is stored, in the order of the paths' bytes.
struct Page {
  std::vector<Listed> items;
  std::optional<std::string> next;  // the `after` of the next page; nothing: this is the last
};

// A chunk of read(): large enough that its cost is the disk's, small enough that thousands of
// readers hold little.
inline constexpr std::size_t kChunkBytesMax = 256 * 1024;
// What get() holds in memory at most: as much as the largest body that a pod can be set to take.
inline constexpr std::int64_t kWholeBytesMax = std::int64_t{1} << 30;
// S3 gives 1,000 a page; a directory is read anew for each page, so more are cheaper here.
inline constexpr int kListedMax = 10'000;

/// Awaited on an executor; any number at a time. Puts of whole strings and removals of one key take
/// effect in the order in which they were asked for.
///
/// A Task or Stream that is destroyed before its end harms nobody: a put is then carried out whole
/// or not at all, and nothing of it is left aside.
///
/// Where it is not said otherwise, kServiceUnavailable: the disk is full or does not work. What the
/// operator needs to know of that is on stderr.
class ContentStore {
 public:
  ContentStore() = default;
  ContentStore(const ContentStore&) = delete;
  ContentStore& operator=(const ContentStore&) = delete;
  virtual ~ContentStore() = default;

  /// Stores `bytes` under `key`, all or nothing; answers when they are on disk under that name. If
  /// the name has the same bytes already, answers when those are on disk; others are replaced.
  virtual Task<Result<Stored>> put(ContentKey key, std::string bytes) = 0;
  /// The same with bytes of any number, of which one chunk is in memory. Takes the next chunk when
  /// the one before is written. If the chunks end with an error that is the answer, and nothing has
  /// changed. It has its place among other puts of `key` when its last chunk was taken.
  virtual Task<Result<Stored>> put(ContentKey key, Chunks chunks) = 0;

  /// All bytes. kNotFound: nothing is stored under `key`. kPayloadTooLarge: more than
  /// kWholeBytesMax; they can be read().
  virtual Task<Result<std::string>> get(ContentKey key) = 0;
  /// Those of `range`, none if it begins at the end. kBadRequest: it begins behind the end, or has
  /// a negative number.
  virtual Task<Result<std::string>> get(ContentKey key, Range range) = 0;
  /// Those of `range` in chunks of at most kChunkBytesMax, all of one version: what happens to the
  /// name meanwhile changes nothing. Ends with the errors of get().
  virtual Chunks read(ContentKey key, Range range) = 0;
  /// How many bytes are stored under `key`. kNotFound: none.
  virtual Task<Result<std::int64_t>> size(ContentKey key) = 0;

  /// A page of what is stored, whatever is put or removed between pages: what was there all the
  /// time is listed once. kBadRequest: a limit that is none.
  virtual Task<Result<Page>> list(Listing listing) = 0;

  /// Whether something can be stored, read and removed now, where that is not plain from the disk
  /// of the data directory. The error is a sentence for the operator.
  virtual Task<Result<>> check() { co_return Result<>{}; }

  /// Deletes what is stored under `key`, and answers when that is on disk; fine if there is
  /// nothing.
  virtual Task<Result<>> remove(ContentKey key) = 0;

  /// A URL by which whoever has it may get `key` for `valid_for`, at most a week, without the pod.
  /// Empty: this store has none.
  virtual std::string presigned_get(const ContentKey&, std::chrono::seconds) { return {}; }
  /// The same for a put of a name that is not there yet, with the header kPresignedPutHeader.
  /// What comes has any size, and no checksum that the store knows: look at both before anything
  /// mentions it.
  virtual std::string presigned_put(const ContentKey&, std::chrono::seconds) { return {}; }
};

// Names are written once: so nobody replaces by it what is mentioned by then.
inline constexpr std::string_view kPresignedPutHeader = "if-none-match";
inline constexpr std::string_view kPresignedPutHeaderValue = "*";

}  // namespace synap::content
