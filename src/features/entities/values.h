// How values stand in the index: as bytes whose order is that of the values, on either engine.
// Private to this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace synap::features::entities {

/// Of a field by which lists are filtered or sorted.
enum class ValueKind : std::uint8_t { kText, kNumber, kDate, kBoolean };

std::string_view name_of(ValueKind kind);
std::optional<ValueKind> kind_of(std::string_view name);

/// Of a longer text so many bytes stand in order; behind them those of its hash, so that no other
/// text is taken for it.
inline constexpr std::size_t kKeyBytesMax = 200;

/// Key = %x00                          ; there is none: before all others
///     / %x01 %x00-01                  ; false, true
///     / %x01 8OCTET 2OCTET            ; a number: the double that is nearest, big-endian, so
///     turned
///                                     ; that its order is that of bytes, and what is left of an
///                                     ; integer that is none, plus 2^15
///     / %x01 8OCTET                   ; a date: Unix ms plus 2^63
///     / %x01 *OCTET                   ; a text: UTF-8, so capitals before small letters
/// `value` of another kind is none: nullptr, null, or left from a version before.
std::string key_of(ValueKind kind, const Json* value);
/// Whether key_of() would take it for one of this kind.
bool is_of(ValueKind kind, const Json& value);

}  // namespace synap::features::entities
