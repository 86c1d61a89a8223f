// What the procedures store.* take and give, and the events of items.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "events/types.h"
#include "schema/schema.h"

namespace synap::features::store {

inline constexpr std::size_t kValueBytesMax = 256 * 1024;
inline constexpr std::size_t kFilterBytesMax = 16 * 1024;
inline constexpr std::size_t kLabelsMax = 20;

using Labels = std::vector<std::string>;

struct PutItem {
  Labels labels;
  std::string key;
  Json value;
  std::optional<std::vector<std::string>> index;
  std::optional<std::int64_t> expected_version;
  std::optional<std::string> idempotency_key;
};
const ObjectSchema<PutItem>& describe(Type<PutItem>);

struct ItemName {
  Labels labels;
  std::string key;
};
const ObjectSchema<ItemName>& describe(Type<ItemName>);

struct DeleteItem {
  Labels labels;
  std::string key;
  std::optional<std::int64_t> expected_version;
};
const ObjectSchema<DeleteItem>& describe(Type<DeleteItem>);

struct DeletedItem {
  std::string status = "completed";
  std::string entity_id;
  bool was_there = false;
};
const ObjectSchema<DeletedItem>& describe(Type<DeletedItem>);

struct Item {
  Labels labels;
  std::string key;
  RawJson value;
  std::int64_t version = 1;
  std::string created_at;
  std::string updated_at;
};
const ObjectSchema<Item>& describe(Type<Item>);

struct GottenItem {
  std::optional<Item> item;
};
const ObjectSchema<GottenItem>& describe(Type<GottenItem>);

struct SearchItems {
  Labels prefix;
  Json filter;
  std::optional<std::string> query;
  std::int64_t limit = 10;
  std::int64_t offset = 0;
};
const ObjectSchema<SearchItems>& describe(Type<SearchItems>);

struct FoundItem : Item {
  std::optional<double> score;
};
const ObjectSchema<FoundItem>& describe(Type<FoundItem>);

struct FoundItems {
  std::vector<FoundItem> items;
  bool is_cut = false;
  std::optional<std::string> mode;
  std::optional<std::string> mode_reason;
};
const ObjectSchema<FoundItems>& describe(Type<FoundItems>);

struct ListNamespaces {
  std::optional<Labels> prefix;
  std::optional<Labels> suffix;
  std::optional<std::int64_t> max_depth;
  std::int64_t limit = 100;
  std::int64_t offset = 0;
};
const ObjectSchema<ListNamespaces>& describe(Type<ListNamespaces>);

struct NamespaceList {
  std::vector<Labels> namespaces;
  bool is_cut = false;
};
const ObjectSchema<NamespaceList>& describe(Type<NamespaceList>);

/// What an item is from this event on. Its version is that of its stream.
struct ItemPut {
  Labels labels;
  std::string key;
  Json value;
  std::optional<std::vector<std::string>> index;
};
const ObjectSchema<ItemPut>& describe(Type<ItemPut>);

struct ItemDeleted {
  Labels labels;
  std::string key;
};
const ObjectSchema<ItemDeleted>& describe(Type<ItemDeleted>);

inline constexpr std::string_view kItemType = "store_item";
inline constexpr events::EventType<ItemPut> kPutCompleted{"store_item.put.completed"};
inline constexpr events::EventType<ItemDeleted> kDeletionCompleted{
    .name = "store_item.deletion.completed", .on_erased = events::OnErased::kFold};

}  // namespace synap::features::store
