// The commands of notes: notes.create, notes.update, notes.delete. Each decides, appends one
// `.requested` event and answers; the handlers do the rest.
#pragma once

#include "features/rooms.h"

namespace synap::features::notes {

/// Text of more bytes than this goes into the content store before its event is appended.
inline constexpr std::size_t kInlineTextBytesMax = 64 * 1024;

void add_commands(const Rooms& rooms);

}  // namespace synap::features::notes
