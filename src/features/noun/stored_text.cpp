#include "features/noun/stored_text.h"

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/log.h"
#include "features/rooms.h"

namespace synap::features {

const ObjectSchema<StoredText>& describe(Type<StoredText>) {
  static const auto schema =
      object<StoredText>("StoredText")
          .field("name", &StoredText::name, string(), "Its name in the content store.")
          .field("size", &StoredText::size, integer().min(0), "Bytes.")
          .field("checksum", &StoredText::checksum, string(), "SHA-256 of the text, hexadecimal.");
  return schema;
}

Json file_json(const StoredText& file) {
  Json json = Json::object();
  auto& members = json.as_object();
  members.reserve(3);
  members.emplace_back("name", file.name);
  members.emplace_back("size", file.size);
  members.emplace_back("checksum", file.checksum);
  return json;
}

Result<content::ContentKey> text_key(std::string_view user_id, std::string_view entity_type,
                                     const Uuid& entity, const std::optional<Uuid>& later_request,
                                     std::string_view extension) {
  const auto id = entity.to_string();
  if (!later_request) return content::ContentKey::make(user_id, entity_type, id, extension);
  return content::ContentKey::make_version(user_id, entity_type, id, later_request->to_string(),
                                           extension);
}

Task<Result<StoredText>> put_text(content::ContentStore& store, content::ContentKey key,
                                  std::string text) {
  auto stored = co_await store.put(std::move(key), std::move(text));
  if (!stored) co_return fail(stored.error());
  co_return StoredText{std::move(stored->path), stored->size, std::move(stored->checksum)};
}

Task<Result<std::string>> text_in(const Rooms& rooms, StoredText file) {
  auto key = content::ContentKey::parse(file.name);
  if (!key) co_return fail(Code::kInternalServerError, "The name of the text's file is damaged");
  auto text = co_await rooms.content.get(*key);
  if (!text && text.error().code != Code::kNotFound) co_return fail(text.error());
  if (text && to_hex(sha256(*text)) == file.checksum) co_return std::move(*text);
  const std::string_view what = text ? "damaged: it is not what was stored" : "missing";
  write_log_bounded(Same::kMessage, LogLevel::kError, "features", "content {name} is {what}",
                    {{"name", file.name}, {"what", what}});
  co_return fail(Code::kInternalServerError,
                 fmt::format("The stored text of this version is {}; the other versions are kept "
                             "in files of their own (see its history)",
                             what));
}

std::string_view first_characters(std::string_view text, std::size_t most) {
  const auto begins_character = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
  };
  std::size_t count = 0;
  std::size_t at = 0;
  // Whole blocks first, which compilers count with vector instructions.
  constexpr std::size_t kBlock = 32;
  for (; at + kBlock <= text.size() && count + kBlock <= most; at += kBlock) {
    for (std::size_t i = 0; i < kBlock; ++i) count += begins_character(at + i) ? 1 : 0;
  }
  for (; at < text.size(); ++at) {
    if (begins_character(at) && count++ == most) return text.substr(0, at);
  }
  return text;
}

std::string preview_of(std::string_view text) {
  return std::string(first_characters(text, kPreviewCharactersMax));
}

}  // namespace synap::features
