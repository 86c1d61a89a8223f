#include "content/store.h"

#include <fmt/format.h>

#include <algorithm>

namespace synap::content {
namespace {

constexpr std::size_t kPartCharactersMax = 128;
// NAME_MAX of every Linux filesystem that a pod is likely to meet; S3 takes 1,024 for all parts.
constexpr std::size_t kFileNameCharactersMax = 255;

bool is_part(std::string_view text) {
  if (text.empty() || text.size() > kPartCharactersMax) return false;
  for (const char c : text) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!is_word && c != '_' && c != '-') return false;
  }
  return true;
}

Result<> check_parts(std::initializer_list<std::string_view> parts) {
  for (const auto part : parts) {
    if (is_part(part)) continue;
    return fail(Code::kBadRequest,
                "Each part of a content key has 1 to 128 of the characters A-Z a-z 0-9 _ -");
  }
  return {};
}

}  // namespace

Result<ContentKey> ContentKey::make(std::string_view user_id, std::string_view entity_type,
                                    std::string_view entity_id, std::string_view extension) {
  if (auto fine = check_parts({user_id, entity_type, entity_id, extension}); !fine) {
    return fail(fine.error());
  }
  return of_parts(user_id, entity_type, fmt::format("{}.{}", entity_id, extension));
}

Result<ContentKey> ContentKey::make_version(std::string_view user_id, std::string_view entity_type,
                                            std::string_view entity_id, std::string_view request_id,
                                            std::string_view extension) {
  if (auto fine = check_parts({user_id, entity_type, entity_id, request_id, extension}); !fine) {
    return fail(fine.error());
  }
  return of_parts(user_id, entity_type, fmt::format("{}.{}.{}", entity_id, request_id, extension));
}

Result<ContentKey> ContentKey::of_parts(std::string_view user_id, std::string_view entity_type,
                                        std::string file_name) {
  if (file_name.size() > kFileNameCharactersMax) {
    return fail(
        Code::kBadRequest,
        fmt::format("The last part of a content key, \"{{entityId}}.{{requestId}}.{{ext}}\", "
                    "has at most {} characters",
                    kFileNameCharactersMax));
  }
  ContentKey key;
  key.user_id_ = user_id;
  key.entity_type_ = entity_type;
  key.file_name_ = std::move(file_name);
  return key;
}

Result<ContentKey> ContentKey::parse(std::string_view path) {
  const auto first = path.find('/');
  const auto second = path.find('/', first + 1);
  const auto name = second == path.npos ? std::string_view() : path.substr(second + 1);
  const auto dot = name.find('.');
  if (first == path.npos || second == path.npos || dot == name.npos) {
    return fail(Code::kBadRequest,
                "A content key is {userId}/{entityType}/{entityId}.{ext} or "
                "{userId}/{entityType}/{entityId}.{requestId}.{ext}");
  }
  const auto user_id = path.substr(0, first);
  const auto entity_type = path.substr(first + 1, second - first - 1);
  const auto last = name.rfind('.');
  if (dot == last) {
    return make(user_id, entity_type, name.substr(0, dot), name.substr(dot + 1));
  }
  return make_version(user_id, entity_type, name.substr(0, dot),
                      name.substr(dot + 1, last - dot - 1), name.substr(last + 1));
}

Result<Range> cut(const Range& range, std::int64_t size) {
  if (range.offset < 0 || range.length < 0) {
    return fail(Code::kBadRequest, "A range has no negative numbers");
  }
  if (range.offset > size) {
    return fail(Code::kBadRequest,
                fmt::format("The range begins at {}; there are {} bytes", range.offset, size));
  }
  return Range{range.offset, std::min(range.length, size - range.offset)};
}

// The parts have no dots of their own.
std::string_view ContentKey::entity_id() const {
  return std::string_view(file_name_).substr(0, file_name_.find('.'));
}

std::optional<std::string_view> ContentKey::request_id() const {
  const auto dot = file_name_.find('.');
  const auto last = file_name_.rfind('.');
  if (dot == last) return std::nullopt;
  return std::string_view(file_name_).substr(dot + 1, last - dot - 1);
}

std::string_view ContentKey::extension() const {
  return std::string_view(file_name_).substr(file_name_.rfind('.') + 1);
}

}  // namespace synap::content
