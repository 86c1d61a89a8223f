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

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
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

class ContentStore {
 public:
  ContentStore() = default;
  ContentStore(const ContentStore&) = delete;
  ContentStore& operator=(const ContentStore&) = delete;
  virtual ~ContentStore() = default;

  /// Stores `bytes` under `key`, replacing what was there, all or nothing; answers when they are
  /// on disk under that name. kServiceUnavailable: the disk is full or does not work.
  virtual Task<Result<Stored>> put(ContentKey key, std::string bytes) = 0;
  /// kNotFound: nothing is stored under `key`.
  virtual Task<Result<std::string>> get(ContentKey key) = 0;
  /// Deletes what is stored under `key`; fine if there is nothing.
  virtual Task<Result<>> remove(ContentKey key) = 0;
};

}  // namespace synap::content
