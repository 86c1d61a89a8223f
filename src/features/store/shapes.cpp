#include "features/store/shapes.h"

namespace synap::features::store {
namespace {

bool is_label(std::string_view text) {
  return !text.empty() && text.find('.') == text.npos && text.find('\0') == text.npos;
}
bool has_no_nul(std::string_view text) {
  return text.find('\0') == text.npos;
}
// LangGraph's own rule: namespaces are written with periods between their labels elsewhere.
ArraySchema labels() {
  return array(string().min(1).max(128).pattern("^[^.\\u0000]+$", is_label,
                                                "a label without a period, as memories"))
      .max(kLabelsMax);
}
StringSchema key() {
  return string().min(1).max(256).pattern("^[^\\u0000]+$", has_no_nul, "a key, as preferences");
}
ArraySchema paths() {
  return array(string().min(1).max(256)).max(20);
}
constexpr const char* kNamespaceDocs = "From the root on, as [\"memories\",\"ann\"].";
constexpr const char* kIndexDocs =
    "Of which parts of the value search takes the words: paths, as \"text\" or "
    "\"messages[*].content\". Empty: of none. Absent: of all.";
constexpr const char* kExpectedDocs =
    "The version that it must have; 0: it must not be there. Absent: any.";

}  // namespace

const ObjectSchema<PutItem>& describe(Type<PutItem>) {
  static const auto schema =
      object<PutItem>("PutStoreItem")
          .field("namespace", &PutItem::labels, labels().min(1), kNamespaceDocs)
          .field("key", &PutItem::key, key())
          .field("value", &PutItem::value, record(any()), "Any JSON object of 256 KiB at most.")
          .field("index", &PutItem::index, paths(), kIndexDocs)
          .field("expectedVersion", &PutItem::expected_version, integer().min(0), kExpectedDocs)
          .field("idempotencyKey", &PutItem::idempotency_key, string().min(1).max(256),
                 "A repeat with the same key is answered as the first one was.");
  return schema;
}

const ObjectSchema<ItemName>& describe(Type<ItemName>) {
  static const auto schema = object<ItemName>("StoreItemName")
                                 .field("namespace", &ItemName::labels, labels(), kNamespaceDocs)
                                 .field("key", &ItemName::key, key());
  return schema;
}

const ObjectSchema<DeleteItem>& describe(Type<DeleteItem>) {
  static const auto schema =
      object<DeleteItem>("DeleteStoreItem")
          .field("namespace", &DeleteItem::labels, labels(), kNamespaceDocs)
          .field("key", &DeleteItem::key, key())
          .field("expectedVersion", &DeleteItem::expected_version, integer().min(0), kExpectedDocs);
  return schema;
}

const ObjectSchema<DeletedItem>& describe(Type<DeletedItem>) {
  static const auto schema =
      object<DeletedItem>("StoreItemDeletion")
          .field("status", &DeletedItem::status, one_of({"completed"}), "It is gone, on disk.")
          .field("entityId", &DeletedItem::entity_id, string().uuid(), "Of the item.")
          .field("wasThere", &DeletedItem::was_there, boolean(),
                 "False: there was none, and nothing is recorded.");
  return schema;
}

const ObjectSchema<Item>& describe(Type<Item>) {
  static const auto schema =
      object<Item>("StoreItem")
          .field("namespace", &Item::labels, array(string()))
          .field("key", &Item::key)
          .field("value", &Item::value, record(any()))
          .field("version", &Item::version, integer().min(1),
                 "Grows with each change, also where it was deleted in between.")
          .field("createdAt", &Item::created_at, string().datetime())
          .field("updatedAt", &Item::updated_at, string().datetime());
  return schema;
}

const ObjectSchema<GottenItem>& describe(Type<GottenItem>) {
  static const auto schema =
      object<GottenItem>("GottenStoreItem")
          .field("item", &GottenItem::item, schema_of<Item>(), "Absent: there is none.");
  return schema;
}

const ObjectSchema<SearchItems>& describe(Type<SearchItems>) {
  static const auto schema =
      object<SearchItems>("SearchStoreItems")
          .field_or("namespacePrefix", &SearchItems::prefix, labels(), Labels{},
                    "How the namespace begins; empty: all of yours.")
          .field_or("filter", &SearchItems::filter, record(any()), Json::object(),
                    "Members of the value and what they must be: a value, or an object of $eq, "
                    "$ne, $gt, $gte, $lt, $lte, $in, $nin.")
          .field("query", &SearchItems::query, string().max(1'000),
                 "What is looked for, by its meaning where the pod has a model, and by its words. "
                 "Absent: the items changed last come first.")
          .field_or("limit", &SearchItems::limit, integer().min(1).max(100), 10)
          .field_or("offset", &SearchItems::offset, integer().min(0).max(10'000), 0);
  return schema;
}

const ObjectSchema<FoundItem>& describe(Type<FoundItem>) {
  static const auto schema =
      object<FoundItem>("FoundStoreItem")
          .extend(describe(Type<Item>{}))
          .field("score", &FoundItem::score, number(), "Of a query; the highest first.");
  return schema;
}

const ObjectSchema<FoundItems>& describe(Type<FoundItems>) {
  static const auto schema =
      object<FoundItems>("FoundStoreItems")
          .field("items", &FoundItems::items, array(schema_of<FoundItem>()))
          .field("isCut", &FoundItems::is_cut, boolean(),
                 "More than could be looked through, or answered, in one call: there may be "
                 "others.")
          .field("mode", &FoundItems::mode, one_of({"text", "hybrid", "semantic"}),
                 "By what a query was answered.")
          .field("modeReason", &FoundItems::mode_reason, string(), "Why by that.");
  return schema;
}

const ObjectSchema<ListNamespaces>& describe(Type<ListNamespaces>) {
  static const auto schema =
      object<ListNamespaces>("ListStoreNamespaces")
          .field("prefix", &ListNamespaces::prefix, labels(), "\"*\" is any label.")
          .field("suffix", &ListNamespaces::suffix, labels(), "\"*\" is any label.")
          .field("maxDepth", &ListNamespaces::max_depth, integer().min(1).max(kLabelsMax),
                 "Longer ones are cut to so many labels.")
          .field_or("limit", &ListNamespaces::limit, integer().min(1).max(1'000), 100)
          .field_or("offset", &ListNamespaces::offset, integer().min(0).max(10'000), 0);
  return schema;
}

const ObjectSchema<NamespaceList>& describe(Type<NamespaceList>) {
  static const auto schema = object<NamespaceList>("StoreNamespaceList")
                                 .field("namespaces", &NamespaceList::namespaces,
                                        array(array(string())), "In the order of their labels.")
                                 .field("isCut", &NamespaceList::is_cut, boolean(),
                                        "There are more than could be looked through in one call.");
  return schema;
}

const ObjectSchema<ItemPut>& describe(Type<ItemPut>) {
  static const auto schema = object<ItemPut>("StoreItemPut")
                                 .field("namespace", &ItemPut::labels, array(string()))
                                 .field("key", &ItemPut::key, string())
                                 .field("value", &ItemPut::value, record(any()))
                                 .field("index", &ItemPut::index, array(string()), kIndexDocs);
  return schema;
}

const ObjectSchema<ItemDeleted>& describe(Type<ItemDeleted>) {
  static const auto schema = object<ItemDeleted>("StoreItemDeleted")
                                 .field("namespace", &ItemDeleted::labels, array(string()))
                                 .field("key", &ItemDeleted::key, string());
  return schema;
}

}  // namespace synap::features::store
