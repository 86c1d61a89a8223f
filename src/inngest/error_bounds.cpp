#include "inngest/error_bounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/text.h"
#include "workers/error_text.h"

namespace synap::inngest {
namespace {

// A member costs something, however small its value.
constexpr std::size_t kMemberBytes = 16;

void cut(Json& text, std::size_t bytes_max) {
  if (text.as_string().size() > bytes_max) text = shortened(text.as_string(), bytes_max);
}

// Of what is an error's own; 0: it has no bound but the room that is left.
std::size_t bytes_max_of(std::string_view key) {
  if (key == "name") return kErrorNameBytesMax;
  if (key == "message") return workers::kErrorMessageBytesMax;
  return key == "stack" ? kErrorStackBytesMax : 0;
}

void spend(std::size_t& room, std::size_t bytes) {
  room -= std::min(room, bytes);
}

enum class Of : std::uint8_t { kWhole, kCause };

void fit(Json& value, std::size_t& room);

// The own members of the whole error have a place of their own; what `room` has none for is gone.
void fit_members(Json::Object& members, std::size_t& room, Of of) {
  std::erase_if(members, [&](auto& named) {
    auto& [key, member] = named;
    const auto own = bytes_max_of(key);
    if (own > 0 && member.is_string()) {
      cut(member, own);
      if (of == Of::kWhole) return false;
    }
    if (room <= kMemberBytes + key.size()) return true;
    spend(room, kMemberBytes + key.size());
    fit(member, room);
    return false;
  });
}

// Keeps of `value` what `room` has place for, and takes that away from it.
void fit(Json& value, std::size_t& room) {
  const auto bytes = json_bytes(value);
  if (bytes <= room) return spend(room, bytes);
  if (value.is_object() && value.find("message") != nullptr) {
    return fit_members(value.as_object(), room, Of::kCause);
  }
  if (value.is_string()) {
    cut(value, room);
  } else {
    value = fmt::format("({} bytes of JSON)", bytes);
  }
  room = 0;
}

}  // namespace

Json bounded_error(Json error) {
  auto room = kErrorRestBytesMax;
  if (error.is_object()) {
    fit_members(error.as_object(), room, Of::kWhole);
  } else {
    fit(error, room);
  }
  return error;
}

}  // namespace synap::inngest
