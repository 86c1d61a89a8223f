// notes.findLinks: links in notes of a time before links. Private to this folder.
#pragma once

#include <map>

#include "features/links/links.h"

namespace synap::features::links {

/// The relations of notes that have links, each looked up once. For one transaction.
class LinkedNotes {
 public:
  explicit LinkedNotes(std::string_view user_id) : user_id_(user_id) {}

  /// The aliases of a note by which links of others lead here, though there is no relation that
  /// says so: of a pod that was updated from a version that did not read aliases.
  std::vector<std::string> awaited_aliases(db::Tx& tx, const Uuid& note);
  /// How many relations have been looked at.
  std::size_t looked_at() const { return looked_at_; }

 private:
  const LinkRelations& of(db::Tx& tx, const Uuid& note);

  std::string_view user_id_;
  std::map<Uuid, LinkRelations> known_;
  std::size_t looked_at_ = 0;
};

/// Registers the procedure, its events and its worker. `wanted` reads texts and says what follows;
/// one run makes at most `parts_max` commits. `rooms` must outlive them.
void add_reading(const Rooms& rooms, TextOptions::Consequences wanted, TextOptions::Tags tags,
                 int parts_max);

}  // namespace synap::features::links
