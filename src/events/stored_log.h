// StoredLog: the rows of a log as an engine has stored them, byte by byte, for a copy of the log in
// the other engine: hashes, salts and what was erased are as they were, so the chain is, too. For a
// database whose log nobody has open.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "db/database.h"
#include "events/event.h"
#include "events/log.h"

namespace synap::events {

/// docs/formats.md describes the columns. Ids and hashes are bytes.
struct StoredEvent {
  std::int64_t position = 0;
  std::string type;
  std::int64_t data_version = 0;
  std::string user_id;
  std::optional<std::string> aggregate;
  std::optional<std::string> aggregate_type;
  std::optional<std::int64_t> aggregate_version;
  std::int64_t source = 0;
  std::optional<std::int64_t> actor_kind;
  std::optional<std::string> actor;
  std::optional<std::string> on_behalf_of;
  std::int64_t timestamp = 0;
  std::string id;
  std::optional<std::string> correlation;
  std::optional<std::string> causation;
  std::optional<std::string> request;
  std::string content_hash;
  std::string link;
  std::optional<std::string> salt;
  std::optional<std::string> metadata;
  std::string data;
};

/// What an idempotency key was answered, and which events were appended with it.
struct StoredAnswer {
  std::string user_id;
  std::string key;
  std::string fingerprint;
  std::string answer;
  std::int64_t first_position = 0;
  std::int64_t last_position = 0;
};

class StoredLog {
 public:
  virtual ~StoredLog() = default;

  /// Where the log ends; position 0: it is empty.
  virtual Head end(db::Tx& tx) = 0;
  /// Those behind `after`, until there are `limit` or they have some MiB.
  virtual std::vector<StoredEvent> read(db::Tx& tx, std::int64_t after, int limit) = 0;
  /// Behind the end, in their order.
  virtual void write(db::Tx& tx, std::span<const StoredEvent> events) = 0;

  /// Behind `after`, in the order of user and key; nothing: from the first.
  virtual std::vector<StoredAnswer> read_answers(db::Tx& tx, const StoredAnswer* after,
                                                 int limit) = 0;
  /// Of events that are there. One that is there already is left.
  virtual void write_answers(db::Tx& tx, std::span<const StoredAnswer> answers) = 0;

  /// Tables that are the log's own.
  virtual std::vector<std::string> tables() const = 0;
};

namespace sqlite {
std::unique_ptr<StoredLog> stored_log();
}
namespace postgres {
std::unique_ptr<StoredLog> stored_log();
}

}  // namespace synap::events
