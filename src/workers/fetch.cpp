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

// A body is a text, or else bytes.
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

KeptAnswer kept(outbound::Response answer) {
  KeptAnswer kept{.status = answer.status};
  for (auto& header : answer.headers) {
    kept.headers.emplace_back(as_utf8(std::move(header.name)), as_utf8(std::move(header.value)));
  }
  if (valid_utf8_prefix(answer.body) == answer.body.size()) {
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

Task<Result<Fetched>> fetch(Step& step, std::string_view id, outbound::Client& client,
                            outbound::Request request, std::chrono::milliseconds timeout) {
  auto answer = co_await step.run<KeptAnswer>(id, [&]() -> Task<Result<KeptAnswer>> {
    auto answered = co_await client.send(request, {.deadline = SteadyClock::now() + timeout,
                                                   .response_bytes_max = kFetchedBytesMax});
    if (!answered) co_return fail(answered.error());
    co_return kept(std::move(*answered));
  });
  if (!answer) co_return fail(answer.error());
  co_return fetched(std::move(*answer));
}

}  // namespace synap::workers
