// The parts of store.*, and how items stand in their table.
#pragma once

#include <string>
#include <string_view>

#include "features/procedures.h"
#include "features/store/shapes.h"

namespace synap::features::store {

/// A namespace as text, by which it sorts as its labels do and begins as those that it is in:
///
///   namespace = { label U+001F }      label: as JSON escapes it, without quotation marks
std::string text_of(const Labels& labels);
Labels labels_of(std::string_view text);
/// The smallest text behind all namespaces that begin so; of the root, which has none, empty.
std::string end_of(std::string_view prefix);

Uuid id_of(const std::string& user_id, const Labels& labels, const std::string& key);

/// Of the view store_items, for item_of().
inline constexpr std::string_view kItemColumns =
    "namespace, key, value, version, created_at, updated_at";
Item item_of(db::Rows& row);

void add_table(const Rooms& rooms);      // its projection, and what search reads
void add_writing(const Rooms& rooms);    // put, delete
void add_reading(const Rooms& rooms);    // get, namespaces
void add_searching(const Rooms& rooms);  // search

}  // namespace synap::features::store
