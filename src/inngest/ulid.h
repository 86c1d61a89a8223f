// ULID: how Inngest writes ids: 26 characters of Crockford's base32 for the same 128 bits that a
// Uuid has, of which the first 48 are the time in both.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/uuid.h"

namespace synap::inngest {

/// "01JG3T5VJ8…", in capitals.
std::string ulid_of(const Uuid& id);
/// The inverse, in either case; nothing if `text` is no ULID.
std::optional<Uuid> uuid_of_ulid(std::string_view text);
/// An id as a client may write it: a ULID or a UUID.
std::optional<Uuid> parse_id(std::string_view text);

/// The same where it must be a UUID that others take for one: of a ULID of somebody else's making
/// all but the six bits that say so, which is version 7.
std::optional<Uuid> parse_foreign_id(std::string_view text);

}  // namespace synap::inngest
