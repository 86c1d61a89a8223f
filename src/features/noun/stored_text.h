// The text of a thing, in the content store: a file of its own for each version, written once under
// a name that nobody else ever uses.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/uuid.h"
#include "content/store.h"
#include "schema/schema.h"

namespace synap::features {

struct Rooms;

/// Text of more bytes than this goes into the content store before its event is appended; a shorter
/// one rides in the event.
inline constexpr std::size_t kInlineTextBytesMax = 64 * 1024;
inline constexpr std::size_t kPreviewCharactersMax = 500;

/// A file of the content store that holds the text of one version.
struct StoredText {
  std::string name;       // its name in the content store; written once
  std::int64_t size = 0;  // bytes
  std::string checksum;   // SHA-256 of the text, hexadecimal
};
const ObjectSchema<StoredText>& describe(Type<StoredText>);
Json file_json(const StoredText& file);

/// Where a text is kept that was asked for by a request: the first one of its entity, or a later.
Result<content::ContentKey> text_key(std::string_view user_id, std::string_view entity_type,
                                     const Uuid& entity, const std::optional<Uuid>& later_request,
                                     std::string_view extension);

Task<Result<StoredText>> put_text(content::ContentStore& store, content::ContentKey key,
                                  std::string text);

/// The text in a file. kInternalServerError: it is missing, or is not what was stored; which of the
/// two the message says.
Task<Result<std::string>> text_in(const Rooms& rooms, StoredText file);

/// The longest beginning of at most `most` characters.
std::string_view first_characters(std::string_view text, std::size_t most);
/// The beginning of the text, cut between characters.
std::string preview_of(std::string_view text);

}  // namespace synap::features
