#include "workers/fetch.h"

#include <optional>

#include "base/crypto.h"
#include "base/json.h"

namespace synap::workers {
namespace {

struct KeptHeader {
  std::string name;
  std::string value;
};
const ObjectSchema<KeptHeader>& describe(Type<KeptHeader>) {
  static const auto schema = object<KeptHeader>("KeptHeader")
                                 .field("name", &KeptHeader::name)
                                 .field("value", &KeptHeader::value);
  return schema;
}

// A body is kept in the shorter of the two: as a text, the control characters of one take six bytes
// each in JSON.
struct KeptAnswer {
  std::int64_t status = 0;
  std::vector<KeptHeader> headers;
  std::optional<std::string> text;
  std::optional<std::string> base64url;
};
const ObjectSchema<KeptAnswer>& describe(Type<KeptAnswer>) {
  static const auto schema =
      object<KeptAnswer>("KeptAnswer")
          .field("status", &KeptAnswer::status)
          .field("headers", &KeptAnswer::headers, array(schema_of<KeptHeader>()))
          .field("text", &KeptAnswer::text, string())
          .field("base64url", &KeptAnswer::base64url, string());
  return schema;
}

std::string as_utf8(std::string text) {
  for (std::size_t at = valid_utf8_prefix(text); at < text.size();
       at += valid_utf8_prefix(std::string_view(text).substr(at))) {
    text[at] = '?';
  }
  return text;
}

// Whether the JSON of `body` is no longer than its base64url. Piece by piece: the JSON may be six
// times as long as the body.
bool is_shorter_as_text(std::string_view body) {
  constexpr std::size_t kPiece = 4'096;
  constexpr std::size_t kQuotes = 2;
  const auto bytes_max = (body.size() * 4 + 2) / 3;
  std::size_t bytes = 0;
  std::string written;
  while (!body.empty()) {
    auto piece = body.substr(0, kPiece);
    piece = piece.substr(0, valid_utf8_prefix(piece));
    if (piece.empty()) return false;
    written.clear();
    append_json_string(written, piece);
    bytes += written.size() - kQuotes;
    if (bytes > bytes_max) return false;
    body.remove_prefix(piece.size());
  }
  return true;
}

KeptAnswer kept(outbound::Response answer) {
  KeptAnswer kept{.status = answer.status};
  for (auto& header : answer.headers) {
    kept.headers.emplace_back(as_utf8(std::move(header.name)), as_utf8(std::move(header.value)));
  }
  if (is_shorter_as_text(answer.body)) {
    kept.text = std::move(answer.body);
  } else {
    kept.base64url = to_base64url(answer.body);
  }
  return kept;
}

Fetched fetched(KeptAnswer kept) {
  Fetched answer{.status = kept.status};
  for (auto& header : kept.headers) {
    answer.headers.emplace_back(std::move(header.name), std::move(header.value));
  }
  answer.body =
      kept.text ? *std::move(kept.text) : from_base64url(kept.base64url.value_or("")).value_or("");
  return answer;
}

}  // namespace

Task<Result<Fetched>> fetch(Step& step, std::string id, outbound::Client& client,
                            outbound::Request request, std::chrono::milliseconds timeout) {
  auto answer = co_await step.run<KeptAnswer>(std::move(id), [&]() -> Task<Result<KeptAnswer>> {
    auto answered = co_await client.send(request, {.deadline = SteadyClock::now() + timeout,
                                                   .response_bytes_max = kFetchedBytesMax});
    if (!answered) co_return fail(answered.error());
    co_return kept(std::move(*answered));
  });
  if (!answer) co_return fail(answer.error());
  co_return fetched(std::move(*answer));
}

}  // namespace synap::workers
