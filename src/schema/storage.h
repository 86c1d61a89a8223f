// The table that says, for each C++ type that a schema can describe, how it is stored.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "schema/node.h"

namespace synap {

/// Names a type in calls: describe(Type<CreateNote>) is found by argument-dependent lookup.
template <class T>
struct Type {};

/// JSON text that is embedded as it is when written, and is the compact text of the value when
/// read. For payloads that pass through unopened.
struct RawJson {
  std::string text = "null";
  friend bool operator==(const RawJson&, const RawJson&) = default;
};

template <class T>
class ObjectSchema;

template <class T>
concept Described = requires {
  { describe(Type<T>{}) } -> std::convertible_to<const ObjectSchema<T>&>;
};

namespace schema_detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_map = false;
template <class T>
inline constexpr bool is_map<std::map<std::string, T>> = true;
template <class T>
inline constexpr bool is_variant = false;
template <class... T>
inline constexpr bool is_variant<std::variant<T...>> = true;

template <class T>
const SchemaStorage& storage_of();

template <class... T>
void store_variant(SchemaStorage& storage, std::type_identity<std::variant<T...>>) {
  using Variant = std::variant<T...>;
  using Emplace = void* (*)(Variant&);
  storage.form = SchemaStorage::Form::kVariant;
  storage.alternatives = {&storage_of<T>()...};
  storage.emplace = [](void* value, std::size_t index) -> void* {
    static constexpr Emplace kEmplace[] = {
        [](Variant& self) -> void* { return &self.template emplace<T>(); }...};
    return kEmplace[index](*static_cast<Variant*>(value));
  };
  storage.index = [](const void* value) { return static_cast<const Variant*>(value)->index(); };
  storage.each = [](const void* value, void* context, SchemaStorage::Visit visit) {
    std::visit([&](const auto& item) { visit(context, nullptr, &item); },
               *static_cast<const Variant*>(value));
  };
}

template <class T>
SchemaStorage make_storage() {
  using Form = SchemaStorage::Form;
  SchemaStorage storage;
  if constexpr (std::is_same_v<T, Json>) {
    storage.form = Form::kJson;
  } else if constexpr (std::is_same_v<T, RawJson>) {
    storage.form = Form::kRawJson;
  } else if constexpr (std::is_same_v<T, std::string>) {
    storage.form = Form::kString;
  } else if constexpr (std::is_same_v<T, bool>) {
    storage.form = Form::kBool;
  } else if constexpr (std::is_same_v<T, int>) {
    storage.form = Form::kInt;
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    storage.form = Form::kInt64;
  } else if constexpr (std::is_same_v<T, double>) {
    storage.form = Form::kDouble;
  } else if constexpr (is_optional<T>) {
    using Item = typename T::value_type;
    static_assert(!is_optional<Item>, "an optional of an optional says nothing in JSON");
    storage.form = Form::kOptional;
    storage.inner = &storage_of<Item>();
    storage.add = [](void* value) -> void* { return &static_cast<T*>(value)->emplace(); };
    storage.clear = [](void* value) { static_cast<T*>(value)->reset(); };
    storage.each = [](const void* value, void* context, SchemaStorage::Visit visit) {
      const T& self = *static_cast<const T*>(value);
      if (self.has_value()) visit(context, nullptr, &*self);
    };
  } else if constexpr (is_vector<T>) {
    using Item = typename T::value_type;
    static_assert(!std::is_same_v<Item, bool>, "std::vector<bool> has no items to point at");
    storage.form = Form::kVector;
    storage.inner = &storage_of<Item>();
    storage.add = [](void* value) -> void* { return &static_cast<T*>(value)->emplace_back(); };
    storage.reserve = [](void* value, std::size_t count) {
      static_cast<T*>(value)->reserve(count);
    };
    storage.clear = [](void* value) { static_cast<T*>(value)->clear(); };
    storage.each = [](const void* value, void* context, SchemaStorage::Visit visit) {
      for (const Item& item : *static_cast<const T*>(value)) visit(context, nullptr, &item);
    };
  } else if constexpr (is_map<T>) {
    storage.form = Form::kMap;
    storage.inner = &storage_of<typename T::mapped_type>();
    storage.add_key = [](void* value, std::string key) -> void* {
      return &(*static_cast<T*>(value))[std::move(key)];
    };
    storage.clear = [](void* value) { static_cast<T*>(value)->clear(); };
    storage.each = [](const void* value, void* context, SchemaStorage::Visit visit) {
      for (const auto& [key, item] : *static_cast<const T*>(value)) visit(context, &key, &item);
    };
  } else if constexpr (is_variant<T>) {
    store_variant(storage, std::type_identity<T>{});
  } else {
    static_assert(Described<T>, "no schema: write describe(Type<T>) in the namespace of the type");
    storage.form = Form::kStruct;
    storage.object = &describe(Type<T>{}).node();
  }
  return storage;
}

template <class T>
const SchemaStorage& storage_of() {
  static const SchemaStorage storage = make_storage<T>();
  return storage;
}

}  // namespace schema_detail
}  // namespace synap
