// Things of types of the user's own (entityTypes.define) in a thought: whether it names such a
// type, and what of the type's fields it says. Rules, as those of rules.h: what they cannot read is
// not guessed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace synap::features::capture {

struct OwnType {
  std::string name;  // "x.book"
  Json schema;
  std::string title;  // the field that its definition names; empty: title or name
};

/// The whole text as a value of this property (a schema); nothing: it is none. A number may have
/// one word behind it, its unit: `reasons` tell it, and what day "tomorrow" is. `now`: Unix ms.
std::optional<Json> value_in(const Json& property, std::string_view text, std::int64_t now,
                             std::vector<std::string>& reasons);

/// What stands behind the name of a type at the beginning of a thought: behind a colon, a dash or
/// the end of the line, or a number or a quotation at once. "Book flights" names none.
/// Nothing may stand behind a colon.
struct NamedType {
  std::string type;
  std::string said;  // "book", as it was written
  std::string rest;
};
std::optional<NamedType> named_type(std::string_view text, const std::vector<std::string>& types);

/// Whether a text has the name of a type somewhere, in letters of either case.
bool says_name(std::string_view text, std::string_view type);

struct FilledType {
  Json data = Json::object();
  std::vector<std::string> reasons;  // sentences
  /// Why it is none of the type; empty: it could be one. Whoever keeps it judges the whole schema.
  std::string problem;
};
/// `text`: "Dune by Frank Herbert, pages: 412". Fields stand in it with a colon; what is left is
/// the title, or the one field that has to be, with the author behind "by", and a day. Every word
/// of it is in a field, or told in the reasons; where that is not sure there is a problem. `now`:
/// Unix ms.
FilledType fill(const OwnType& type, std::string_view text, std::int64_t now);

}  // namespace synap::features::capture
