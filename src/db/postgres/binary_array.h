// BinaryArray: an array as a parameter of a statement. A group of things goes to the server as one
// statement with an array for each column (`unnest`), rather than as a statement for each thing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "db/database.h"
#include "db/postgres/any_text.h"

namespace synap::db::postgres {

/// Of one dimension, as PostgreSQL sends arrays in its binary format (array_send of arrayfuncs.c):
///
///   array    = dimensions:int32 has_null:int32 type:oid [ count:int32 first_index:int32 element* ]
///   element  = size:int32 byte*          ; size -1: null
///
/// with numbers in network order. An empty array has no dimension, and ends behind its type.
class BinaryArray {
 public:
  /// Of catalog/pg_type.dat.
  enum class Of : std::uint32_t { kBytes = 17, kInteger = 20, kText = 25 };

  explicit BinaryArray(Of type) : bytes_(kHeaderBytes, '\0'), is_of_text_(type == Of::kText) {
    put(8, static_cast<std::uint32_t>(type));
    put(16, 1);
  }

  void add(std::string_view element) {
    std::string changed;
    if (is_of_text_) element = as_stored(element, changed);
    begin(static_cast<std::uint32_t>(element.size()));
    bytes_.append(element);
  }
  void add(std::int64_t element) {
    begin(8);
    append(static_cast<std::uint32_t>(static_cast<std::uint64_t>(element) >> 32));
    append(static_cast<std::uint32_t>(element));
  }
  void add(const Uuid& element) { add(element.raw()); }
  void add_null() {
    begin(UINT32_MAX);
    put(4, 1);
  }
  template <class T>
  void add(const std::optional<T>& element) {
    if (element) {
      add(*element);
    } else {
      add_null();
    }
  }

  std::uint32_t size() const { return count_; }
  /// Of a statement's parameter that is an array of this type. Views this.
  Value value() const {
    constexpr std::size_t kEmptyBytes = 12;
    return Blob{std::string_view(bytes_).substr(0, count_ == 0 ? kEmptyBytes : bytes_.size())};
  }

 private:
  static constexpr std::size_t kHeaderBytes = 20;

  void begin(std::uint32_t size) {
    put(0, 1);
    put(12, ++count_);
    append(size);
  }
  void append(std::uint32_t number) {
    bytes_.resize(bytes_.size() + 4);
    put(bytes_.size() - 4, number);
  }
  void put(std::size_t at, std::uint32_t number) {
    for (std::size_t i = 0; i < 4; ++i) bytes_[at + i] = static_cast<char>(number >> (24 - 8 * i));
  }

  std::string bytes_;
  const bool is_of_text_;
  std::uint32_t count_ = 0;
};

}  // namespace synap::db::postgres
