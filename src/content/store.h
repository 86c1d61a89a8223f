// ContentStore: bytes that are too large or too plain for a database row: the text of notes,
// attachments. Kept outside of the database under keys that people can read:
//
//   {userId}/{entityType}/{entityId}.{ext}
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/task.h"

namespace synap::content {

/// A key whose parts cannot climb: each is 1 to 128 of the characters A-Z a-z 0-9 _ -.
class ContentKey {
 public:
  /// kBadRequest: a part is empty, too long, or has another character.
  static Result<ContentKey> make(std::string_view user_id, std::string_view entity_type,
                                 std::string_view entity_id, std::string_view extension);
  /// Of a later version: {userId}/{entityType}/{entityId}.{requestId}.{ext}.
  static Result<ContentKey> make_version(std::string_view user_id, std::string_view entity_type,
                                         std::string_view entity_id, std::string_view request_id,
                                         std::string_view extension);
  /// The inverse of path().
  static Result<ContentKey> parse(std::string_view path);

  const std::string& user_id() const { return user_id_; }
  const std::string& entity_type() const { return entity_type_; }
  const std::string& file_name() const { return file_name_; }  // "{entityId}.{ext}"
  std::string path() const { return user_id_ + "/" + entity_type_ + "/" + file_name_; }

 private:
  ContentKey() = default;
  std::string user_id_;
  std::string entity_type_;
  std::string file_name_;
};

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
