// Texts by way of the bucket: whoever has many or large ones puts and gets them there, past the
// pod, by URLs that it signs.
//
//   notes.upload          an id, and a URL to which its text can be put, once
//   notes.createUploaded  the pod looks whether what is there is what is said, and makes the note
//   notes.url             a URL by which the text of a version can be got
#include <fmt/format.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "features/noun/command_input.h"

namespace synap::features {
namespace {

using api::Session;

constexpr std::chrono::minutes kUrlTime{15};
// From when the URL was given. The sweep takes what nobody mentions an hour after it was put.
constexpr std::chrono::minutes kUploadTime{45};
constexpr std::int64_t kUploadBytesMax = 4 * static_cast<std::int64_t>(kTextCharactersMax);

std::unexpected<Error> no_urls(const NounParts& parts) {
  return fail(Code::kPreconditionFailed,
              fmt::format("This pod keeps texts in its data directory, which has no URLs: send and "
                          "get them by {0}.create and {0}.get, or set content = \"s3\"",
                          parts.options.plural));
}

std::string expiry(const NounParts& parts) {
  return to_iso8601(parts.rooms.types.world().unix_ms() +
                    std::chrono::milliseconds(kUrlTime).count());
}

Task<Result<std::string>> upload(std::shared_ptr<NounParts> parts, Session session, Json) {
  const auto id = parts->rooms.types.world().new_id();
  auto key = text_key(session.user_id(), parts->options.name, id, std::nullopt,
                      parts->options.text->extension);
  if (!key) co_return fail(key.error());
  auto url = parts->rooms.content.presigned_put(*key, kUrlTime);
  if (url.empty()) co_return no_urls(*parts);
  co_return Json::object(
      {{"id", id.to_string()},
       {"method", "PUT"},
       {"url", std::move(url)},
       {"headers", Json::object({{std::string(content::kPresignedPutHeader),
                                  std::string(content::kPresignedPutHeaderValue)}})},
       {"expiresAt", expiry(*parts)}})
      .dump();
}

Task<Result<std::string>> url(std::shared_ptr<NounParts> parts, Session session, Json input) {
  const auto id = Uuid::parse(input.string_or("id", "")).value_or(Uuid{});
  const Json* version = input.find("version");
  auto found = version != nullptr
                   ? co_await find_version(*parts, session, id, version->as_integer())
                   : co_await find_thing(*parts, session, id);
  if (!found) co_return fail(found.error());
  auto key = content::ContentKey::parse(found->file.name);
  if (!key) co_return fail(damaged_row(*parts, id));
  auto url = parts->rooms.content.presigned_get(*key, kUrlTime);
  if (url.empty()) co_return no_urls(*parts);
  co_return Json::object({{"version", found->version},
                          {"url", std::move(url)},
                          {"expiresAt", expiry(*parts)},
                          {"size", found->file.size},
                          {"checksum", found->file.checksum}})
      .dump();
}

}  // namespace

Schema upload_schema() {
  constexpr std::size_t kHexOfSha256 = 64;
  static const Schema schema = object("Upload")
                                   .field("id", string().uuid(), "That of the upload.")
                                   .field("size", integer().min(1).max(kUploadBytesMax), "Bytes.")
                                   .field("checksum", string().min(kHexOfSha256).max(kHexOfSha256),
                                          "SHA-256 of the text, hexadecimal, lower case.");
  return schema;
}

Task<Result<UploadedText>> uploaded_text(const NounParts& parts, std::string user_id, Uuid id,
                                         Json said) {
  const auto nothing = [] {
    return fail(Code::kNotFound, "Nothing was uploaded for this id within the last 45 minutes");
  };
  const auto other = [](std::string why) {
    return fail(Code::kUnprocessableContent, std::move(why));
  };
  const auto age = parts.rooms.types.world().unix_ms() - id.unix_ms();
  if (age > std::chrono::milliseconds(kUploadTime).count()) co_return nothing();
  auto key = text_key(user_id, parts.options.name, id, std::nullopt, parts.options.text->extension);
  if (!key) co_return fail(key.error());
  const auto size = co_await parts.rooms.content.size(*key);
  if (!size) {
    if (size.error().code == Code::kNotFound) co_return nothing();
    co_return fail(size.error());
  }
  const auto said_size = said.find("size")->as_integer();
  if (*size != said_size) {
    co_return other(fmt::format("What was uploaded has {} bytes, not {}", *size, said_size));
  }
  auto text = co_await parts.rooms.content.get(*key);
  if (!text) co_return fail(text.error());
  auto checksum = to_hex(sha256(*text));
  if (checksum != said.string_or("checksum", "")) {
    co_return other("What was uploaded has another checksum: " + checksum);
  }
  if (!is_valid_utf8(*text)) co_return other("What was uploaded is no text in UTF-8");
  if (first_characters(*text, kTextCharactersMax).size() < text->size()) {
    co_return other(
        fmt::format("What was uploaded has more than {} characters", kTextCharactersMax));
  }
  co_return UploadedText{*std::move(text), {key->path(), *size, std::move(checksum)}};
}

void add_text_urls(const std::shared_ptr<NounParts>& parts) {
  const auto& name = parts->options.name;
  const auto path = [&](std::string_view procedure) {
    return fmt::format("{}.{}", parts->options.plural, procedure);
  };
  const rpc::ErrorMeta no_bucket{Code::kPreconditionFailed, "Texts are not kept in a bucket."};
  auto place = object(parts->title("Upload"));
  place.field("id", string().uuid(), fmt::format("Of the upload, and of the {} then.", name))
      .field("method", string())
      .field("url", string(), "Where the text can be put, once, by whoever has it.")
      .field("headers", record(string()), "To be sent with it.")
      .field("expiresAt", string().datetime());
  api::add_untyped(
      parts->rooms.procedures, path("upload"), rpc::Kind::kMutation,
      {.summary = "A URL to which a text can be put, past the pod.",
       .docs = fmt::format("Then {} makes a {} of it. Nothing is made before.",
                           path("createUploaded"), name),
       .effects = rpc::Effects::kAppends,
       .errors = {no_bucket}},
      object("Upload" + parts->title("")), place,
      [parts](Session session, Json input) { return upload(parts, std::move(session), input); });
  auto wanted = object("Get" + parts->title("Url"));
  wanted.field("id", string().uuid())
      .field("version", optional(integer().min(1)), "Absent: the newest.");
  auto answer = object(parts->title("Url"));
  answer.field("version", integer().min(1))
      .field("url", string(), "Where whoever has it can get the text.")
      .field("expiresAt", string().datetime())
      .field("size", integer(), "Bytes.")
      .field("checksum", string(), "SHA-256 of the text, hexadecimal.");
  api::add_untyped(
      parts->rooms.procedures, path("url"), rpc::Kind::kQuery,
      {.summary = fmt::format("A URL by which the text of a {} can be got, past the pod.", name),
       .errors = {{Code::kNotFound, fmt::format("You have no such {}.", name)}, no_bucket}},
      wanted, answer,
      [parts](Session session, Json input) { return url(parts, std::move(session), input); });
}

}  // namespace synap::features
