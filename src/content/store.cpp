#include "content/store.h"

#include <fmt/format.h>

#include "base/uuid.h"

namespace synap::content {
namespace {

constexpr std::size_t kPartCharactersMax = 128;

bool is_part(std::string_view text) {
  if (text.empty() || text.size() > kPartCharactersMax) return false;
  for (const char c : text) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!is_word && c != '_' && c != '-') return false;
  }
  return true;
}

}  // namespace

Result<ContentKey> ContentKey::make(std::string_view user_id, std::string_view entity_type,
                                    std::string_view entity_id, std::string_view extension) {
  for (const auto part : {user_id, entity_type, entity_id, extension}) {
    if (!is_part(part)) {
      return fail(Code::kBadRequest,
                  "Each part of a content key has 1 to 128 of the characters A-Z a-z 0-9 _ -");
    }
  }
  ContentKey key;
  key.user_id_ = user_id;
  key.entity_type_ = entity_type;
  key.file_name_ = fmt::format("{}.{}", entity_id, extension);
  return key;
}

Result<ContentKey> ContentKey::make_version(std::string_view user_id, std::string_view entity_type,
                                            std::string_view entity_id, std::string_view request_id,
                                            std::string_view extension) {
  auto key = make(user_id, entity_type, entity_id, extension);
  if (!key || !Uuid::parse(request_id)) return make("", "", "", "");
  key->file_name_ = fmt::format("{}.{}.{}", entity_id, request_id, extension);
  return key;
}

Result<ContentKey> ContentKey::parse(std::string_view path) {
  const auto first = path.find('/');
  const auto second = path.find('/', first + 1);
  const auto dot = path.rfind('.');
  if (first == path.npos || second == path.npos || dot == path.npos || dot < second) {
    return fail(Code::kBadRequest, "A content key is {userId}/{entityType}/{entityId}.{ext}");
  }
  const auto user = path.substr(0, first);
  const auto type = path.substr(first + 1, second - first - 1);
  const auto name = path.substr(second + 1, dot - second - 1);
  const auto inner = name.find('.');
  if (inner == name.npos) return make(user, type, name, path.substr(dot + 1));
  return make_version(user, type, name.substr(0, inner), name.substr(inner + 1),
                      path.substr(dot + 1));
}

}  // namespace synap::content
