// How much is kept of an error that an app reports. What was thrown can be of any size, a run keeps
// the error of each of its attempts, and the end of the run is an event that tells the last: so
// errors are cut where they come in, however the app is reached. What was cut says so.
#pragma once

#include <cstddef>

#include "base/json.h"

namespace synap::inngest {

inline constexpr std::size_t kErrorNameBytesMax = 256;
inline constexpr std::size_t kErrorStackBytesMax = 64 << 10;
/// Of all that stands in an error beside its own name, message and stack: its causes, its data.
inline constexpr std::size_t kErrorRestBytesMax = 64 << 10;

/// `error` within these bounds and workers::kErrorMessageBytesMax. A cause is cut as an error is; a
/// value that cannot be cut and has no room becomes a text that says how large it was. What is no
/// object is kept if it is small.
Json bounded_error(Json error);

}  // namespace synap::inngest
