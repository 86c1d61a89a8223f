#include "models/http_embedder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.h"
#include "embedding/answerer.h"
#include "models/retry.h"
#include "models/secrets.h"
#include "models/vectors.h"

namespace synap::models {
namespace {

using embedding::Embedded;

// 256 vectors of 16,384 numbers of 20 digits.
constexpr std::uint64_t kAnswerBytesMax = std::uint64_t{96} * 1024 * 1024;
constexpr std::int64_t kSlackMs = 120'000;

// Of each text as much as the model reads.
Json body_of(const Provider& provider, const std::vector<std::string>& texts) {
  // A token is seldom more than eight bytes, so what is cut here the model would not have read.
  constexpr std::size_t kBytesOfToken = 8;
  Json input = Json::array();
  for (const auto& text : texts) {
    const auto most = std::string_view(text).substr(0, provider.input_tokens_max * kBytesOfToken);
    input.push_back(most.substr(0, valid_utf8_prefix(most)));
  }
  return Json::object(
      {{"model", provider.model}, {"input", std::move(input)}, {"encoding_format", "float"}});
}

outbound::Request request_of(const Provider& provider, const std::vector<std::string>& texts) {
  outbound::Request request{.method = "POST",
                            .url = provider.url + "/embeddings",
                            .headers = {{"content-type", "application/json"}},
                            .body = body_of(provider, texts).dump()};
  if (!provider.key.empty()) {
    request.headers.push_back({"authorization", "Bearer " + provider.key});
  }
  return request;
}

std::int64_t tokens_of(const std::vector<std::string>& texts) {
  std::size_t bytes = 0;
  for (const auto& text : texts) bytes += text.size();
  return estimated_tokens(bytes);
}

std::string id_of(const Provider& provider) {
  return fmt::format("{}:{}", provider.model, provider.dimension);
}

}  // namespace

HttpEmbedder::HttpEmbedder(Models& models, const Provider& first)
    : models_(models), first_(first), id_(id_of(first)), tally_(models.account(), first) {}

Task<Result<Embedded>> HttpEmbedder::embed(embedding::Ask ask) {
  auto& texts = ask.texts;
  if (texts.size() > kTextsMax) {
    co_return fail(Code::kPayloadTooLarge,
                   fmt::format("At most {} texts are embedded at a time", kTextsMax));
  }
  Embedded all{.vectors = {}, .answered_by = std::move(ask.answered_by)};
  all.vectors.reserve(texts.size());
  for (std::size_t from = 0; from < texts.size(); from += first().batch) {
    const auto end = std::min(texts.size(), from + first().batch);
    embedding::Ask some{.texts = {}, .answered_by = all.answered_by, .payer = ask.payer};
    some.texts.assign(std::make_move_iterator(texts.begin() + static_cast<long>(from)),
                      std::make_move_iterator(texts.begin() + static_cast<long>(end)));
    auto embedded = co_await embed_some(std::move(some));
    if (!embedded) co_return fail(embedded.error());
    std::ranges::move(embedded->vectors, std::back_inserter(all.vectors));
    if (!embedded->answered_by.empty()) all.answered_by = std::move(embedded->answered_by);
  }
  co_return all;
}

// One request. What it took stands in `told`.
Task<HttpEmbedder::Attempt> HttpEmbedder::ask(const Provider& provider, const embedding::Ask& asked,
                                              SteadyClock::time_point deadline,
                                              ModelCall& told) const {
  const auto& texts = asked.texts;
  auto request = request_of(provider, texts);
  told.provider = provider.name;
  told.request_hash = to_hex(sha256(request.body));
  ++told.attempts;
  auto answer =
      co_await models_.client().send(std::move(request), {.deadline = deadline,
                                                          .response_bytes_max = kAnswerBytesMax,
                                                          .silence_max = provider.silence,
                                                          .redirects_max = 0});
  if (!answer) co_return Attempt{failure_of_transfer(provider, nullptr, answer.error()), {}};
  told.status = answer->status;
  if (answer->status < 200 || answer->status >= 300) {
    co_return Attempt{failure_of_status(provider, *answer, answer->body, models_.world().unix_ms()),
                      {}};
  }
  Usage usage{.input = tokens_of(texts), .is_estimated = true};
  std::string answered_by;
  auto read = read_vectors(answer->body, texts.size(), provider.dimension, usage, answered_by);
  if (!answered_by.empty()) told.answered_by = answered_by;
  told.input = usage.input;
  told.is_estimated = usage.is_estimated;
  told.cost_nanos = cost_nanos(provider.price, {.input = usage.input});
  if (read) {
    if (auto other = embedding::other_answerer(id_, asked.answered_by, answered_by)) {
      co_return Attempt{Failure{.error = std::move(*other), .reason = "MODEL_ANOTHER"}, {}};
    }
    co_return Attempt{std::nullopt, {std::move(*read), std::move(answered_by)}};
  }
  auto failure = failure_of_answer(provider, *answer, read.error());
  failure.reason = "MODEL_VECTORS_UNFIT";
  // The same question has the same answer: it is not asked again.
  failure.is_transient = false;
  co_return Attempt{std::move(failure), {}};
}

// The same until it works, or is given up.
Task<HttpEmbedder::Attempt> HttpEmbedder::ask_again(const Provider& provider,
                                                    const embedding::Ask& asked,
                                                    ModelCall& told) const {
  const auto deadline = SteadyClock::now() + provider.timeout;
  for (int retry = 1;; ++retry) {
    auto attempt = co_await ask(provider, asked, deadline, told);
    const auto& failure = attempt.failure;
    models_.note(provider, failure ? &failure->error : nullptr);
    if (!failure || !failure->is_transient || retry > provider.retries) co_return attempt;
    const auto pause = pause_before(retry, failure->retry_after, models_.world());
    if (!pause || SteadyClock::now() + *pause >= deadline) co_return attempt;
    co_await models_.world().sleep_for(*pause);
  }
}

Task<Result<Tally::Share>> HttpEmbedder::open(const embedding::Ask& ask, const ModelCall& call) {
  const auto& payer = ask.payer;
  if (payer.user_id.empty()) co_return nullptr;
  Caller caller{.is_only_counted = payer.is_only_counted};
  caller.envelope.user_id = payer.user_id;
  caller.envelope.source = events::Source::kSystem;
  if (!payer.key_id.empty()) caller.key = payer.key_id;
  std::int64_t lasts_ms = kSlackMs;
  for (const auto& provider : models_.options().embed) lasts_ms += provider.timeout.count();
  co_return co_await tally_.take(caller, call, tokens_of(ask.texts), lasts_ms);
}

Task<Result<Embedded>> HttpEmbedder::embed_some(embedding::Ask ask) {
  const auto began_at = SteadyClock::now();
  ModelCall call{.capability = "embed",
                 .provider = first().name,
                 .wire = "embeddings",
                 .model = first().model};
  // Before anything is cut: the half of a key is not known for one.
  std::int64_t secrets = 0;
  for (auto& text : ask.texts) secrets += mask_secrets(text);
  auto share = co_await open(ask, call);
  if (!share) co_return fail(share.error());
  auto told = std::move(call);
  if (secrets > 0) told.secrets = secrets;
  Attempt last;
  for (const auto& provider : models_.options().embed) {
    if (id_of(provider) != id_) continue;
    last = co_await ask_again(provider, ask, told);
    if (!last.failure) break;
  }
  const auto took = SteadyClock::now() - began_at;
  told.ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  told.finish = last.failure ? "error" : "stop";
  if (last.failure) {
    told.error = info(last.failure->error.code).name;
    told.reason = last.failure->reason;
  }
  if (*share != nullptr) tally_.add(std::move(*share), told);
  if (last.failure) co_return fail(std::move(last.failure->error));
  co_return std::move(last.embedded);
}

std::vector<std::string> embedders_of(const Options& options) {
  std::vector<std::string> all;
  for (const auto& provider : options.embed) {
    auto id = id_of(provider);
    if (std::ranges::find(all, id) == all.end()) all.push_back(std::move(id));
  }
  return all;
}

std::unique_ptr<embedding::Embedder> make_embedder(Models& models, std::string_view model) {
  for (const auto& provider : models.options().embed) {
    if (!model.empty() && id_of(provider) != model) continue;
    return std::make_unique<HttpEmbedder>(models, provider);
  }
  return nullptr;
}

}  // namespace synap::models
