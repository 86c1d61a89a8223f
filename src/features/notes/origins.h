// Origins: which note was imported from which file, so that an import can be repeated. A file is
// known by its path, and by its content where it was renamed; also after its note was deleted.
#pragma once

#include <string>

#include "features/rooms.h"
#include "schema/schema.h"

namespace synap::features::notes {

/// The file of a note, as it was when it was last imported.
struct Origin {
  std::string path;      // absolute, where it was imported
  std::string checksum;  // SHA-256 of its bytes, hexadecimal
};
const ObjectSchema<Origin>& describe(Type<Origin>);

/// Registers the read model and notes.findOrigins. Notes must be registered before; `rooms` must
/// outlive them.
void add_origins(const Rooms& rooms);

}  // namespace synap::features::notes
