// Document: a thing of a user, as search knows it; and a Kind: where documents of one kind come
// from.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/uuid.h"
#include "db/database.h"

namespace synap::search {

/// Of a longer text its beginning is searched.
inline constexpr std::int64_t kTextBytesMax = 1 << 20;

struct Document {
  Uuid id;
  std::string user_id;
  std::string type;  // "note"
  std::string title;
  std::string text;
  std::string file;  // where its text is in the content store, if `text` is empty; empty: nowhere
  std::vector<std::string> tags;
  std::string others;  // what else of it has words, a line each
  /// By which it can be filtered, beside its tags: "status", "open".
  std::vector<std::pair<std::string, std::string>> fields;
  std::int64_t updated_at = 0;  // Unix ms
};

struct Kind {
  std::string name;                 // "note": things whose events are "note.*"
  std::string version;              // another, where its documents would be others
  std::vector<std::string> fields;  // of Document::fields
  /// Of those fields that can have few values, these.
  std::map<std::string, std::vector<std::string>> values = {};
  /// The thing as it is now; nothing: there is none, or none that can be read.
  std::function<std::optional<Document>(db::Tx& tx, const Uuid& id)> read;
};

/// Of which kind the thing is that such an event has changed; nullptr: of none.
const Kind* kind_of(const std::vector<Kind>& kinds, std::string_view event_type);

}  // namespace synap::search
